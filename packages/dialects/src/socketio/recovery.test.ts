import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type ChatClient,
  ChatStage,
  CutLine,
  eventually,
  type Person,
} from "../../test/chat-stage.ts";

let stage: ChatStage;
let line: CutLine;
let ann: Person;
let bob: Person;
let chats: readonly string[];
const clients: ChatClient[] = [];

beforeAll(async () => {
  stage = await ChatStage.start();
  line = await CutLine.to(stage.server.port);
  [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  chats = [
    await stage.chat([ann, bob]),
    await stage.chat([ann, bob]),
    await stage.chat([ann, bob]),
  ];
});
afterEach(() => {
  for (const { socket } of clients.splice(0)) socket.disconnect();
  line.mend();
});
afterAll(async () => {
  line.close();
  await stage.close();
});

async function connect(person: Person, url: string, transports: string[]): Promise<ChatClient> {
  const client = await stage.connect(person, { url, transports });
  clients.push(client);
  return client;
}

/** Sends to the chats in turn, so that each has some. @returns what was sent. */
async function send(sender: ChatClient, from: number, to: number): Promise<string[]> {
  const contents: string[] = [];
  for (let index = from; index < to; index += 1) {
    const content = `${index}`;
    contents.push(content);
    await sender.ask("message:send", { chatId: chats[index % chats.length], content });
  }
  return contents;
}

/** Of several chats only each one's own order is certain. */
function inOrder(contents: readonly unknown[]): number[] {
  return contents.map(Number).toSorted((one, other) => one - other);
}

async function comesBack(client: ChatClient): Promise<void> {
  const back = await eventually(() => client.socket.connected && client.disconnects.length > 0);
  expect(back).toBe(true);
}

const ways = [["websocket"], ["polling"], ["polling", "websocket"]];

describe.each(ways.map((transports) => ({ name: transports.join(" then "), transports })))(
  "by $name",
  ({ transports }) => {
    test("[I-10] [I-11] a line cut while messages fly: nothing missed and nothing twice, in any chat", async () => {
      const reader = await connect(bob, line.url, transports);
      const sender = await connect(ann, stage.url, ["websocket"]);
      const before = await send(sender, 0, 30);
      await eventually(() => reader.contents().length === 30);
      // What the server goes on sending is lost on the line; it believes that it was sent.
      line.swallow();
      const lost = await send(sender, 30, 50);
      line.cut();
      await eventually(() => reader.disconnects.length > 0);
      const missed = await send(sender, 50, 80);
      line.mend();
      await comesBack(reader);
      const after = await send(sender, 80, 90);
      const all = [...before, ...lost, ...missed, ...after];
      await eventually(() => reader.contents().length >= all.length);
      await sleep(100);
      expect(reader.socket.recovered).toBe(true);
      expect(inOrder(reader.contents())).toEqual(inOrder(all));
      for (const chat of chats) {
        const own = reader.all("message:new").filter(({ chat_id }) => chat_id === chat);
        const numbers = own.map(({ content }) => Number(content));
        expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
      }
    });

    test("[I-11] a client that comes back before the server knows that it was gone", async () => {
      const reader = await connect(bob, line.url, transports);
      const sender = await connect(ann, stage.url, ["websocket"]);
      const before = await send(sender, 0, 9);
      await eventually(() => reader.contents().length === 9);
      line.swallow();
      const lost = await send(sender, 9, 12);
      line.tear();
      line.mend();
      await comesBack(reader);
      const all = [...before, ...lost, ...(await send(sender, 12, 15))];
      await eventually(() => reader.contents().length >= all.length);
      await sleep(100);
      expect(reader.socket.recovered).toBe(true);
      expect(inOrder(reader.contents())).toEqual(inOrder(all));
    });

    test("[I-11] a client that got no message yet goes on from its beginning", async () => {
      const reader = await connect(bob, line.url, transports);
      const sender = await connect(ann, stage.url, ["websocket"]);
      line.cut();
      await eventually(() => reader.disconnects.length > 0);
      const missed = await send(sender, 0, 6);
      line.mend();
      await comesBack(reader);
      await eventually(() => reader.contents().length >= 6);
      await sleep(100);
      expect(reader.socket.recovered).toBe(true);
      expect(inOrder(reader.contents())).toEqual(inOrder(missed));
    });
  },
);

test("who came and went while the line was cut is told", async () => {
  const reader = await connect(bob, line.url, ["websocket"]);
  const sender = await connect(ann, stage.url, ["websocket"]);
  await reader.until("user:status", ({ userId }) => userId === ann.id);
  await send(sender, 0, 3);
  line.cut();
  await eventually(() => reader.disconnects.length > 0);
  sender.socket.disconnect();
  await sleep(1_800);
  line.mend();
  await comesBack(reader);
  await reader.until("user:status", ({ status }) => status === "offline");
  expect(reader.socket.recovered).toBe(true);
});

test("the name of a session restores nothing for another user, nor without a token", async () => {
  const reader = await connect(bob, line.url, ["websocket"]);
  const sender = await connect(ann, stage.url, ["websocket"]);
  await send(sender, 0, 3);
  await eventually(() => reader.contents().length === 3);
  const { _pid: pid, _lastOffset: offset } = reader.socket as unknown as {
    readonly _pid: string;
    readonly _lastOffset: string;
  };
  expect(pid).toMatch(/^[A-Za-z0-9_-]{24}$/);
  line.cut();
  await eventually(() => reader.disconnects.length > 0);
  await send(sender, 3, 6);

  const eve = await stage.person("Eve");
  for (const token of [eve.token, undefined]) {
    const thief = stage.client({ ...(token === undefined ? {} : { token }), pid, offset });
    clients.push(thief);
    const outcome = await new Promise<string>((resolve) => {
      thief.socket.once("connect", () => resolve("connected"));
      thief.socket.once("connect_error", () => resolve("refused"));
      thief.socket.connect();
    });
    expect(outcome).toBe(token === undefined ? "refused" : "connected");
    expect(thief.socket.recovered).toBe(false);
    await sleep(100);
    expect(thief.contents()).toEqual([]);
  }
  // Nobody has used it up.
  line.mend();
  await comesBack(reader);
  await eventually(() => reader.contents().length >= 6);
  expect(reader.socket.recovered).toBe(true);
});

test.each([
  ["an offset that is none", { offset: "an application's own last word" }],
  ["a session that nobody had", { pid: "AAAAAAAAAAAAAAAAAAAAAAAA", offset: "general|1" }],
  ["a position that the log does not have", { offset: "CHAT|99999999" }],
  ["nonsense of other kinds", { pid: { $ne: 1 }, offset: [1] }],
])("%s is not recovered, and the client is told", async (_name, auth) => {
  const reader = await connect(bob, line.url, ["websocket"]);
  const { _pid: pid } = reader.socket as unknown as { readonly _pid: string };
  line.cut();
  await eventually(() => reader.disconnects.length > 0);
  reader.socket.disconnect();
  line.mend();
  const text = JSON.stringify({ token: bob.token, pid, ...auth }).replace("CHAT", chats[0] ?? "");
  const again = stage.client(JSON.parse(text) as object);
  clients.push(again);
  await new Promise<void>((resolve) => {
    again.socket.once("connect", () => resolve());
    again.socket.connect();
  });
  expect(again.socket.recovered).toBe(false);
  const sender = await connect(ann, stage.url, ["websocket"]);
  await send(sender, 0, 3);
  await eventually(() => again.contents().length >= 3);
  expect(again.contents()).toEqual(["0", "1", "2"]);
});

test("a chat that was joined while the line was cut makes the page load anew", async () => {
  const reader = await connect(bob, line.url, ["websocket"]);
  line.cut();
  await eventually(() => reader.disconnects.length > 0);
  await stage.chat([ann, bob]);
  line.mend();
  await comesBack(reader);
  expect(reader.socket.recovered).toBe(false);
});

describe("over a restart of the server", () => {
  test("[I-10] after a stop in good order, and after kill -9, no message is missed", async () => {
    for (const end of ["stop", "kill"] as const) {
      const reader = await connect(bob, line.url, ["websocket"]);
      const sender = await connect(ann, stage.url, ["websocket"]);
      const before = await send(sender, 0, 9);
      await eventually(() => reader.contents().length === 9);
      // Places are stored once they surely arrived, a moment later.
      await sleep(2_500);
      await stage.server[end]();
      await eventually(() => reader.disconnects.length > 0);
      await stage.server.start();
      await comesBack(reader);
      await eventually(() => sender.socket.connected);
      const after = await send(sender, 9, 15);
      await eventually(() => reader.contents().includes("14"));
      // At least once: what arrived behind the last stored place may come again, with the same id.
      const ids = new Set(reader.all("message:new").map(({ id }) => id));
      expect(ids.size).toBe(before.length + after.length);
      expect(reader.socket.recovered).toBe(true);
      reader.socket.disconnect();
      sender.socket.disconnect();
    }
  }, 60_000);
});

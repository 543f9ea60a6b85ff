/** The same command through every dialect leaves the same log: they translate, and decide nothing. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signToken } from "@parlance/identity";
import { generateToken } from "@parlance/publisher";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cast } from "./cast.ts";
import { type Frame, Line, until } from "./line.ts";
import { oneRoom, room, type Speaker, secret } from "./speaker.ts";

let directory: string;
let server: ServerProcess;
let speakers: readonly Speaker[];
/** A JWT that may do what a back end's key may. */
let key: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-same-"));
  server = new ServerProcess(await freePort(), directory, oneRoom);
  await server.start();
  speakers = cast(server, "writer");
  for (const speaker of speakers) await speaker.open();
  key = await signToken(secret, {
    user: "service:test",
    ttlSeconds: 600,
    now: Date.now(),
    scopes: ["publish", "read", "rooms"],
  });
}, 60_000);
afterAll(async () => {
  for (const speaker of speakers ?? []) speaker.cut();
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function send(method: string, path: string, body?: object): Promise<Frame> {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  expect(answer.ok, `${method} ${path}: ${answer.status} ${text}`).toBe(true);
  return text === "" ? {} : (JSON.parse(text) as Frame);
}

/** Events behind that sequence, as REST tells them. */
async function eventsAfter(after: number, of = room): Promise<Frame[]> {
  const page = await send("GET", `/api/v1/rooms/${of}/messages?after=${after}&limit=200`);
  return page["events"] as Frame[];
}

async function head(of = room): Promise<number> {
  return Number((await send("GET", `/api/v1/rooms/${of}`))["head"]);
}

/** Without what differs by nature: ids, places, times, and who it was. */
function essence(event: Frame): Frame {
  const { id: _i, sequence: _s, time: _t, author: _a, client_message_id: _c, ...rest } = event;
  const data = (rest["data"] ?? {}) as Frame;
  const { author_name: _n, author_number: _m, unverified: _u, ...said } = data;
  return { ...rest, data: said };
}

/** Does it in each way, one after another. @returns what each has left in the log, by way. */
async function traces(
  ways: readonly (readonly [string, () => Promise<unknown>])[],
  of = room,
): Promise<Map<string, Frame[]>> {
  const left = new Map<string, Frame[]>();
  for (const [way, run] of ways) {
    const before = await head(of);
    await run();
    const events = await until(async () => {
      const found = await eventsAfter(before, of);
      return found.length > 0 && found;
    }, `an event of ${way}`);
    left.set(way, events.map(essence));
  }
  return left;
}

function expectAlike(left: ReadonlyMap<string, readonly Frame[]>, expected: Frame): void {
  for (const [way, events] of left) expect(events, way).toEqual([expected]);
}

describe("[I-28] the same command leaves the same log", () => {
  type Said = readonly [how: string, text: string];
  const plain: Said = ["plain", "Hello, world!"];
  const signs: Said = [
    "every script and sign",
    "ünï 你好 🦉 <b>&amp;\"'</b> \\u0041 \t two\nlines",
  ];
  const longest = (length: number): Said => ["the longest", "x".repeat(length)];

  test.each([plain, signs, longest(16_384)])("a message: %s", async (_, text) => {
    // An event of Pusher's is more than its text: below.
    const sayers = speakers.filter(({ dialect }) => dialect !== "pusher");
    const ways = sayers.map((speaker) => [speaker.dialect, () => speaker.say(text)] as const);
    const left = await traces([
      ...ways,
      ["/broadcast", () => send("POST", "/broadcast", { type: "message", room, message: text })],
      ["/api/messages", () => send("POST", "/api/messages", { content: text, room_id: room })],
    ]);
    expect(left.size).toBe(speakers.length + 1);
    expectAlike(left, { type: "message.created", room, data: { text } });
  });

  test.each([plain, signs, longest(10_229)])(
    "an event of Pusher's is the same message, with the event beside it: %s",
    async (_, text) => {
      const pusher = speakers.find(({ dialect }) => dialect === "pusher");
      const event = { name: "said", data: JSON.stringify({ text }) };
      const data = { pusher: event };
      const left = await traces([
        ["pusher", async () => pusher?.say(text)],
        ["REST", () => send("POST", `/api/v1/rooms/${room}/messages`, { text, data })],
      ]);
      expectAlike(left, { type: "message.created", room, data: { text, data } });
    },
  );

  test("a message with data", async () => {
    const data = { type: "file_downloaded", text: "Downloaded", file_id: 3, deep: [{ a: null }] };
    const native = await nativeClient();
    const mmb = await signedInMmb(31);
    const left = await traces([
      ["native", () => native.ask({ type: "publish", room, text: "Downloaded", data })],
      ["mmb", async () => mmb.send({ type: "message", room, message: data })],
      ["/broadcast", () => send("POST", "/broadcast", { type: "message", room, message: data })],
      ["REST", () => send("POST", `/api/v1/rooms/${room}/messages`, { text: "Downloaded", data })],
    ]);
    expectAlike(left, { type: "message.created", room, data: { text: "Downloaded", data } });
    native.line.cut();
    mmb.cut();
  });

  test("what stands beside a message of PorticoEstate is its data", async () => {
    const native = await nativeClient();
    const portico = await Line.open(`${server.url}/wss`);
    portico.send({ type: "update_user_info", userId: 41 });
    await portico.until({ type: "user_info_update_confirmation" });
    const left = await traces([
      ["native", () => native.ask({ type: "publish", room, text: "Hi", data: { building: 7 } })],
      ["portico", async () => portico.send({ type: "chat", message: "Hi", building: 7 })],
    ]);
    expectAlike(left, {
      type: "message.created",
      room,
      data: { text: "Hi", data: { building: 7 } },
    });
    native.line.cut();
    portico.cut();
  });

  test("an edit of a document, byte for byte", async () => {
    const document = "codexpro_project_9";
    const changes = { from: { line: 0, ch: 1 }, text: ["é", "🦉"], removed: [""] };
    const native = await nativeClient();
    const mmb = await signedInMmb(32);
    await native.ask({ type: "subscribe", room: document });
    mmb.send({ type: "join", room: document });
    await mmb.until({ type: "room_joined" });
    const left = await traces(
      [
        [
          "native",
          () =>
            native.ask({
              type: "edit_document",
              room: document,
              changes: JSON.stringify(changes),
            }),
        ],
        ["mmb", async () => mmb.send({ type: "edit", room: document, changes })],
      ],
      document,
    );
    expectAlike(left, {
      type: "document.edited",
      room: document,
      data: { changes: JSON.stringify(changes) },
    });
    native.line.cut();
    mmb.cut();
  });

  test("a message that is deleted", async () => {
    const native = await nativeClient();
    const write = async (): Promise<string> => {
      const published = await send("POST", `/api/v1/rooms/${room}/messages`, { text: "a slip" });
      const [event] = await eventsAfter(Number(published["sequence"]) - 1);
      return String(event?.["id"]);
    };
    const own = async (): Promise<string> => {
      const before = await head();
      await native.ask({ type: "publish", room, text: "a slip" });
      const [event] = await eventsAfter(before);
      return String(event?.["id"]);
    };
    const ids = { native: await own(), rest: await write(), symfony: await write() };
    const left = await traces([
      ["native", () => native.ask({ type: "delete_message", room, message_id: ids.native })],
      ["REST", () => send("DELETE", `/api/v1/rooms/${room}/messages/${ids.rest}`)],
      ["/api/messages", () => send("DELETE", `/api/messages/${ids.symfony}`)],
    ]);
    for (const [way, events] of left) {
      const [{ data, ...event } = {}] = events;
      expect(event, way).toEqual({ type: "message.deleted", room });
      expect(Object.values(ids), way).toContain((data as Frame)["message_id"]);
    }
    const shapes = [...left.values()].map((events) =>
      events.map(({ data }) => Object.keys(data as Frame).sort()),
    );
    expect(new Set(shapes.map((shape) => JSON.stringify(shape))).size).toBe(1);
    native.line.cut();
  });
});

/** Somebody who speaks the native dialect by hand. */
async function nativeClient(): Promise<{
  readonly line: Line;
  ask(command: Frame): Promise<Frame>;
}> {
  const line = await Line.open(server.socketUrl);
  let last = 0;
  const ask = async (command: Frame): Promise<Frame> => {
    last += 1;
    const id = `n${last}`;
    const hasKey = /^(publish|edit_document)$/.test(String(command["type"]));
    line.send({ id, ...(hasKey ? { client_message_id: id } : {}), ...command });
    const answer = await until(
      () => line.frames.find((frame) => frame["id"] === id),
      `an answer to ${JSON.stringify(command)}`,
    );
    expect(answer["type"], JSON.stringify(answer)).toBe("reply");
    return answer;
  };
  const token = generateToken(`n-${Math.random().toString(36).slice(2)}`, 600, { secret });
  await ask({ type: "sign_in", token });
  return { line, ask };
}

async function signedInMmb(user: number): Promise<Line> {
  const line = await Line.open(`${server.url}/mmb`);
  line.send({ type: "auth", token: generateToken(user, 600, { secret }) });
  await line.until({ type: "authenticated" });
  return line;
}

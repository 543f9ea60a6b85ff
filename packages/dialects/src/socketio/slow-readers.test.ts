import { setTimeout as sleep } from "node:timers/promises";
import { signToken } from "@parlance/identity";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChatStage, eventually, type Person } from "../../test/chat-stage.ts";
import { RawSession } from "../../test/raw-engine.ts";
import { secret } from "../../test/stage.ts";

/** Beyond what the system buffers on a loopback line. */
const messages = 900;
const content = "x".repeat(12_000);

let stage: ChatStage;
let ann: Person;
let bob: Person;
let chat: string;

beforeAll(async () => {
  stage = await ChatStage.start({
    PARLANCE_COMMANDS_PER_SECOND: "0",
    PARLANCE_OUTBOX_BYTES: "65536",
    PARLANCE_STALL_TIMEOUT_MS: "12000",
  });
  [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  chat = await stage.chat([ann, bob]);
});
afterAll(() => stage.close());

interface View {
  readonly dialect: string;
  readonly user?: string;
  readonly lagging: boolean;
  readonly unsent_bytes: number;
}

async function bobsConnection(): Promise<View | undefined> {
  const key = await signToken(secret, {
    user: "service:operator",
    ttlSeconds: 60,
    now: Date.now(),
    scopes: ["admin"],
  });
  type Answer = { readonly connections: readonly View[] };
  const { connections } = await stage.rest<Answer>("GET", "/admin/connections", key);
  return connections.find(({ dialect, user }) => dialect === "socketio" && user === bob.id);
}

async function joined(): Promise<RawSession> {
  const session = await RawSession.open(stage.url);
  session.socket.send(`40${JSON.stringify({ token: bob.token })}`);
  await session.starting("40");
  return session;
}

async function publish(from: number): Promise<void> {
  const sender = await stage.connect(ann);
  for (let index = 0; index < messages; index += 10) {
    await Promise.all(
      Array.from({ length: 10 }, (_, offset) => {
        const text = `${from + index + offset} ${content}`;
        return sender.ask("message:send", { chatId: chat, content: text });
      }),
    );
  }
  sender.socket.disconnect();
}

test("[F-C1] a reader who pauses is fed from the log afterwards: all of it, in order, once", async () => {
  const reader = await joined();
  reader.socket.pause();
  await publish(0);
  expect(await bobsConnection()).toMatchObject({ lagging: true });
  const { unsent_bytes: unsent = 0 } = (await bobsConnection()) ?? {};
  expect(unsent).toBeGreaterThan(65_536 / 2);
  expect(unsent).toBeLessThan(1_000_000);
  reader.socket.resume();
  const numbers = (): number[] =>
    reader.frames.flatMap((frame) => {
      const text = String(frame);
      return text.startsWith('42["message:new"')
        ? [
            Number(
              (JSON.parse(text.slice(2)) as [string, { content: string }])[1].content.split(" ")[0],
            ),
          ]
        : [];
    });
  await eventually(() => numbers().length >= messages);
  await sleep(100);
  expect(numbers()).toEqual(Array.from({ length: messages }, (_, index) => index));
  reader.socket.terminate();
}, 60_000);

test("[F-C1] a reader who takes nothing at all is ended as a slow consumer", async () => {
  const reader = await joined();
  reader.socket.pause();
  await publish(1_000);
  let isThere = true;
  for (const end = Date.now() + 30_000; isThere && Date.now() < end; ) {
    await sleep(200);
    isThere = (await bobsConnection()) !== undefined;
  }
  expect(isThere).toBe(false);
  expect(stage.server.output).toContain('"reason":"slow_consumer"');
  reader.socket.terminate();
}, 60_000);

test("[SIO-01] a stop in good order sends clients of every kind away at once", async () => {
  const clients = await Promise.all([
    stage.connect(bob, { options: { reconnection: false } }),
    stage.connect(bob, { transports: ["polling"], options: { reconnection: false } }),
    stage.connect(ann, { version: "3", options: { reconnection: false } }),
  ]);
  const from = Date.now();
  expect(await stage.server.stop()).toBe(0);
  expect(Date.now() - from).toBeLessThan(4_000);
  for (const client of clients) {
    await eventually(() => client.disconnects[0]);
    // Not told to stay away: a client with reconnection would be back as soon as the server is.
    expect(["transport close", "transport error"]).toContain(client.disconnects[0]);
  }
});

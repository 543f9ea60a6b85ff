/** Threads over REST. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import { createLog } from "./log.ts";
import { type ParlanceServer, startServer } from "./start.ts";

let directory: string;
let server: ParlanceServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "rest-threads-"));
  const { config } = loadConfig({
    flags: { port: "0", sign_ins_per_minute: "0", public_url: "http://127.0.0.1:1" },
    environment: {},
    directory,
  });
  server = await startServer(config, { log: createLog(config, { write: () => {} }) });
});
afterAll(async () => {
  await server.close(0);
  await rm(directory, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- answers are looked at as they come
}

async function send(method: string, path: string, token?: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

async function guest(name: string): Promise<string> {
  return (await send("POST", "/guests", undefined, { name })).body.token;
}

test("a thread is written, read, followed and marked", async () => {
  const ann = await guest("Ann");
  const bob = await guest("Bob");
  const write = async (token: string, body: object) =>
    (await send("POST", "/rooms/talk/messages", token, body)).body;
  const root = await write(ann, { text: "root" });
  const id = root.message_id as string;
  const reply = await write(bob, { text: "one", thread: id });
  await write(bob, { text: "two", thread: reply.message_id, reply_to: id });
  const thread = `/rooms/talk/messages/${id}/thread`;

  const page = await send("GET", `${thread}?limit=1`, ann);
  expect(page.status).toBe(200);
  expect(page.body).toMatchObject({
    thread: id,
    following: true,
    unread: 2,
    root: { text: "root", replies: { count: 2 } },
    messages: [{ text: "two", thread: id, reply_to: { message_id: id, text: "root" } }],
  });
  const list = await send("GET", "/threads?unread=true", ann);
  expect(list.body.threads).toMatchObject([{ thread: id, unread: 2 }]);

  const main = await send("GET", "/rooms/talk/message-list", ann);
  expect(main.body.messages.map(({ text }: { text: string }) => text)).toEqual(["root"]);
  const all = await send("GET", "/rooms/talk/message-list?with_threads=true", ann);
  expect(all.body.messages).toHaveLength(3);

  const marked = await send("PUT", `${thread}/read-mark`, ann, { sequence: reply.sequence });
  expect(marked).toMatchObject({ status: 200, body: { read_mark: reply.sequence, unread: 1 } });
  const left = await send("DELETE", `${thread}/following`, ann);
  expect(left).toMatchObject({ status: 200, body: { following: false } });
  expect((await send("GET", "/threads", ann)).body).toEqual({ threads: [] });
  expect((await send("PUT", `${thread}/following`, ann)).body.following).toBe(true);
});

test("who is mentioned is in the message, in the room's count and in the list", async () => {
  const ann = await guest("Ann");
  const bob = await guest("Bob");
  const me = await send("GET", "/me", bob);
  await send("POST", "/rooms/mention/members", bob);
  const users = [me.body.user.id];
  const write = { text: "look", mentions: { users } };
  const { body: published } = await send("POST", "/rooms/mention/messages", ann, write);
  const list = await send("GET", "/mentions?room=mention", bob);
  expect(list.body).toMatchObject({
    mentions: [{ id: published.message_id, text: "look", mentions: { users } }],
  });
  const path = `/rooms/mention/messages/${published.message_id}`;
  await send("PATCH", path, ann, { text: "nobody" });
  expect((await send("GET", "/mentions", bob)).body).toEqual({ mentions: [] });
});

test("what is not there, or out of bounds, is refused by name", async () => {
  const ann = await guest("Ann");
  const none = await send("GET", "/rooms/talk/messages/nothing/thread", ann);
  expect(none).toMatchObject({ status: 404, body: { error: { code: "not_found" } } });
  const wide = await send("GET", "/threads?limit=51", ann);
  expect(wide).toMatchObject({
    status: 400,
    body: { error: { code: "bad_request", details: { field: "limit" } } },
  });
  expect((await send("GET", "/threads")).status).toBe(401);
});

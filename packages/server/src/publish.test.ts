/** `POST /api/v1/publish`, over HTTP as a back end sends it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { signLocalToken } from "./local-token.ts";
import { type ParlanceServer, startServer } from "./start.ts";

let directory: string;
let config: Config;
let server: ParlanceServer;
let operator: string;
let key: string;
let readOnlyKey: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "publish-"));
  const flags = { port: "0", log_level: "error", sign_ins_per_minute: "0" };
  config = loadConfig({ flags, environment: {}, directory }).config;
  server = await startServer(config);
  operator = await signLocalToken(config, {
    user: "service:test",
    ttlSeconds: 600,
    scopes: ["admin"],
  });
  key = await keyWith(["publish"]);
  readOnlyKey = await keyWith(["read"]);
});
afterAll(async () => {
  await server.close(0);
  await rm(directory, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- answers are looked at as they come
}

async function send(token: string, body: unknown, headers = {}, path = "/api/v1/publish") {
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

async function keyWith(scopes: readonly string[]): Promise<string> {
  const made = await send(operator, { name: "shop", scopes }, {}, "/api/v1/admin/keys");
  return (made.body as { readonly token: string }).token;
}

/** What a room's log has, read by the operator. */
async function textsOf(room: string): Promise<readonly string[]> {
  const response = await fetch(`${server.url}/api/v1/rooms/${room}/messages?limit=200`, {
    headers: { authorization: `Bearer ${operator}` },
  });
  const { events = [] } = (await response.json()) as {
    readonly events?: readonly {
      readonly type: string;
      readonly data: { readonly text: string };
    }[];
  };
  return events.flatMap(({ type, data }) => (type === "message.created" ? [data.text] : []));
}

describe("what a back end publishes", () => {
  test("reaches a room, under the longer address and the shorter", async () => {
    const first = await send(key, { room: "news", text: "One" });
    expect(first).toMatchObject({
      status: 201,
      body: { results: [{ room: "news", sequence: 1 }] },
    });
    expect((await send(key, { room: "news", text: "Two" }, {}, "/api/publish")).status).toBe(201);
    expect(await textsOf("news")).toEqual(["One", "Two"]);
  });

  test("[PUB-31] goes into a thread, answers a message and mentions people, of one room", async () => {
    const first = await send(key, { room: "desk", text: "Ticket 7" });
    const root = (first.body as { results: { message_id: string }[] }).results[0]?.message_id;
    const mentions = { room: true };
    const reply = { room: "desk", text: "Done", thread: root, reply_to: root, mentions };
    expect((await send(key, reply)).status).toBe(201);
    const read = await fetch(`${server.url}/api/v1/rooms/desk/messages`, {
      headers: { authorization: `Bearer ${operator}` },
    });
    expect(await read.json()).toMatchObject({
      events: [{}, { data: { text: "Done", thread: root, reply_to: root, mentions } }],
    });
    expect((await send(key, { ...reply, room: "other" })).status).toBe(404);
    for (const name of ["thread", "reply_to"]) {
      const many = { rooms: ["desk", "news"], text: "x", [name]: root };
      expect(await send(key, many)).toMatchObject({ status: 400 });
    }
  });

  test("[PUB-32] asks: people vote in each room, a repeat is the same poll, and what is no poll is refused", async () => {
    const options = ["Pizza", "Soup"];
    const asked = { rooms: ["lunch", "dinner"], text: "What?", poll: { options } };
    const keyed = { ...asked, idempotency_key: "poll-1" };
    const first = await send(key, keyed);
    expect(first.status).toBe(201);
    const { results } = first.body as {
      results: { room: string; message_id: string; sequence: number }[];
    };
    expect((await send(key, keyed)).body).toMatchObject({
      results: results.map(({ sequence }) => ({ sequence, repeated: true })),
    });
    const other = { ...keyed, poll: { options: ["Pizza", "Salad"] } };
    expect(JSON.stringify((await send(key, other)).body)).toContain("conflict");
    const headers = {
      authorization: `Bearer ${operator}`,
      "content-type": "application/json",
    };
    const address = `${server.url}/api/v1/rooms/lunch/messages/${results[0]?.message_id}`;
    const voted = await fetch(`${address}/vote`, {
      method: "PUT",
      headers,
      body: JSON.stringify({ choices: [1] }),
    });
    expect(voted.status).toBe(200);
    const read = await fetch(`${server.url}/api/v1/rooms/lunch/message-list`, { headers });
    expect(await read.json()).toMatchObject({
      messages: [{ poll: { question: "What?", voters: 1, options: [{ votes: 0 }, { votes: 1 }] } }],
    });
    for (const wrong of [
      { user: "42", text: "x", poll: { options } },
      { everyone: true, text: "x", poll: { options } },
      { room: "lunch", data: { a: 1 }, poll: { options } },
      { room: "lunch", text: "x", poll: { options: ["one"] } },
      { room: "lunch", text: "x", poll: { options: ["one", "one"] } },
    ]) {
      expect(await send(key, wrong)).toMatchObject({ status: 400 });
    }
  });

  test("reaches rooms, users' inboxes and everybody", async () => {
    const to = async (target: object): Promise<readonly string[]> => {
      const { body } = await send(key, { ...target, text: "Hello" });
      return body.results.map(({ room }: { readonly room: string }) => room);
    };
    expect(await to({ rooms: ["a", "b", "a"] })).toEqual(["a", "b"]);
    expect(await to({ user: "42" })).toEqual(["user:42"]);
    expect(await to({ users: ["42", "u_7"] })).toEqual(["user:42", "user:u_7"]);
    expect(await to({ everyone: true })).toEqual(["notifications"]);
    expect(await textsOf("user:42")).toEqual(["Hello", "Hello"]);
  });

  test("has a text made of its data where it has none", async () => {
    await send(key, { room: "made", data: { type: "file_downloaded", count: 3 } });
    await send(key, { room: "made", data: { title: "Backup", message: "" } });
    await send(key, { room: "made", data: { count: 3 } });
    expect(await textsOf("made")).toEqual(["file_downloaded", "Backup", '{"count":3}']);
  });

  test("[J16] [J17] [R4] is stored once for one key; another content under it is a conflict", async () => {
    const once = { room: "keys", text: "Once", idempotency_key: "k-1" };
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(key, once)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
    const { status, body } = await send(
      key,
      { room: "keys", text: "Once" },
      { "idempotency-key": "k-1" },
    );
    expect([status, body.results[0].repeated, body.idempotency_key]).toEqual([200, true, "k-1"]);
    expect((await send(key, { ...once, text: "Twice" })).status).toBe(409);
    expect((await send(key, once, { "idempotency-key": "k-2" })).status).toBe(400);
    expect(
      (await send(key, { room: "keys", text: "x" }, { "idempotency-key": "k".repeat(1_024) }))
        .status,
    ).toBe(400);
    expect(await textsOf("keys")).toEqual(["Once"]);
  });

  test("[R5] of a thousand items each has its answer, the bad ones theirs, those of a room in order", async () => {
    const items = Array.from({ length: 1_000 }, (_, n) =>
      n === 500
        ? { room: "many", text: "" }
        : n === 501
          ? { room: "../many", text: "x" }
          : { room: n % 2 === 0 ? "many" : "more", text: `Item ${n}`, idempotency_key: `i-${n}` },
    );
    const { status, body } = await send(key, { items });
    expect(status).toBe(200);
    expect(body.results).toHaveLength(1_000);
    expect(body.results[500]).toMatchObject({
      error: { code: "bad_request", details: { field: "text" } },
    });
    expect(body.results[501]).toMatchObject({ error: { details: { field: "room" } } });
    const sequences = (room: string): number[] =>
      body.results.flatMap((item: { results?: { room: string; sequence: number }[] }) =>
        (item.results ?? []).flatMap((one) => (one.room === room ? [one.sequence] : [])),
      );
    expect(sequences("many")).toEqual(Array.from({ length: 499 }, (_, n) => n + 1));
    expect(sequences("more")).toEqual(Array.from({ length: 499 }, (_, n) => n + 1));
    // Again, as after an answer that was lost: nothing is doubled.
    const again = await send(key, { items });
    expect(again.body.results[0]).toMatchObject({ results: [{ sequence: 1, repeated: true }] });
    expect(await textsOf("many")).toEqual(
      items.flatMap(({ room, text }) => (room === "many" && text !== "" ? [text] : [])).slice(-200),
    );
  });

  test("[R5] 1,001 items are too many, and none at all is no list", async () => {
    const items = Array.from({ length: 1_001 }, () => ({ room: "never", text: "x" }));
    expect(await send(key, { items })).toMatchObject({
      status: 413,
      body: { error: { details: { limit: 1_000 } } },
    });
    expect((await send(key, { items: {} })).status).toBe(400);
    // So are fewer that name as many rooms.
    const rooms = Array.from({ length: 91 }, (_, n) => `never-${n}`);
    const many = Array.from({ length: 11 }, () => ({ rooms, text: "x" }));
    expect((await send(key, { items: many })).status).toBe(413);
    expect(await textsOf("never-0")).toEqual([]);
    expect(await textsOf("never")).toEqual([]);
  });

  test("[R5] is refused to people, to keys without the scope and to nobody", async () => {
    const body = { room: "closed", text: "x" };
    const guest = await send("none", { name: "Ann" }, {}, "/api/v1/guests");
    expect((await send(guest.body.token, body)).status).toBe(403);
    expect((await send(readOnlyKey, body)).status).toBe(403);
    expect((await send("none", body)).status).toBe(401);
    expect(await textsOf("closed")).toEqual([]);
  });

  test("[P6] a key that is altered is nobody's, too much is told as such, and a replay stores nothing", async () => {
    const body = { room: "p6", text: "x", idempotency_key: "p6-1" };
    const last = key.at(-1) === "a" ? "b" : "a";
    expect((await send(`${key.slice(0, -1)}${last}`, body)).status).toBe(401);
    const rooms = Array.from({ length: 101 }, (_, n) => `p6-${n}`);
    expect(await send(key, { rooms, text: "x" })).toMatchObject({
      status: 413,
      body: { error: { code: "too_large", details: { field: "rooms" } } },
    });
    const filler = (bytes: number): object => ({
      filler: "x".repeat(bytes - '{"filler":""}'.length),
    });
    expect(await send(key, { room: "p6", data: filler(32_769) })).toMatchObject({
      status: 413,
      body: { error: { code: "too_large", details: { field: "data" } } },
    });
    expect(await textsOf("p6")).toEqual([]);
    expect((await send(key, { ...body, data: filler(32_768) })).status).toBe(201);
    const replay = await send(key, { ...body, data: filler(32_768) });
    expect([replay.status, replay.body.results[0].repeated]).toEqual([200, true]);
    expect(await textsOf("p6")).toEqual(["x"]);
  });

  test("[R2] [J3] what is no publication is told apart by its field", async () => {
    const codeOf = async (body: unknown): Promise<unknown> => {
      const { status, body: answer } = await send(key, body);
      return [status, answer.error.code, answer.error.details?.field];
    };
    expect(await codeOf({ text: "x" })).toEqual([400, "bad_request", undefined]);
    expect(await codeOf({ room: "a", user: "b", text: "x" })).toEqual([
      400,
      "bad_request",
      undefined,
    ]);
    expect(await codeOf({ room: "a" })).toEqual([400, "bad_request", "text"]);
    expect(await codeOf({ room: "a", text: 7 })).toEqual([400, "bad_request", "text"]);
    expect(await codeOf({ room: "a", text: "x".repeat(16_385) })).toEqual([
      413,
      "too_large",
      "text",
    ]);
    expect(await codeOf({ user: "a b", text: "x" })).toEqual([400, "bad_request", "user"]);
    expect(await codeOf({ user: "a/b", text: "x" })).toEqual([400, "bad_request", "user"]);
    expect(await codeOf({ everyone: "yes", text: "x" })).toEqual([400, "bad_request", "everyone"]);
    for (const body of ["[]", "null", "7", '"text"']) {
      expect([body, (await send(key, body)).status]).toEqual([body, 400]);
    }
    expect((await send(key, '{"__proto__":{"room":"a"},"text":"x"}')).status).toBe(400);
    expect(
      (await send(key, "room=a", { "content-type": "application/x-www-form-urlencoded" })).status,
    ).toBe(415);
  });
});

describe("in a user's name", () => {
  let speaking: string;
  let ann: { readonly id: string; readonly token: string };

  async function account(username: string): Promise<{ id: string; token: string }> {
    const password = "a long enough pass phrase 7";
    const { body } = await send(
      "",
      { username, name: `Name of ${username}`, password },
      {},
      "/api/v1/accounts",
    );
    return { id: body.user.id, token: body.token };
  }

  /** By a page of ChatLogger, where everybody may: the name is a user from then on. */
  async function callsItself(username: string): Promise<void> {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/chatlogger`);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const heard = new Promise((resolve) => {
      socket.onmessage = resolve;
    });
    socket.send(JSON.stringify({ username, message: "It is me." }));
    await heard;
    socket.close();
  }

  interface Written {
    readonly type: string;
    readonly author: string;
    readonly data: { readonly author_name: string; readonly published_by?: string };
  }

  async function eventsOf(room: string): Promise<readonly Written[]> {
    const response = await fetch(`${server.url}/api/v1/rooms/${room}/messages?limit=200`, {
      headers: { authorization: `Bearer ${operator}` },
    });
    return ((await response.json()) as { readonly events: readonly Written[] }).events;
  }

  beforeAll(async () => {
    speaking = await keyWith(["publish", "impersonate"]);
    ann = await account("ann_of_from");
  });

  test("[AD4] a key that may publishes as a user: readers see the user, and who published it", async () => {
    expect((await send(speaking, { room: "from-1", text: "Hi", from: ann.id })).status).toBe(201);
    expect((await eventsOf("from-1")).at(-1)).toMatchObject({
      author: ann.id,
      data: { author_name: "Name of ann_of_from", published_by: "service:shop" },
    });
    const url = `${server.url}/api/v1/rooms/from-1/messages?limit=1`;
    const seen = await fetch(url, { headers: { authorization: `Bearer ${ann.token}` } });
    expect(await seen.text()).toContain('"published_by":"service:shop"');
    // A people's own message has no such mark.
    await send(ann.token, { text: "mine" }, {}, "/api/v1/rooms/from-1/messages");
    expect((await eventsOf("from-1")).at(-1)?.data.published_by).toBeUndefined();
  });

  test("an application's own user is made where a name is given, and keeps the name that it has", async () => {
    const from = { id: "shop-7", name: "Bea" };
    expect((await send(speaking, { room: "from-2", text: "1", from })).status).toBe(201);
    const renamed = { id: "shop-7", name: "Mallory" };
    expect((await send(speaking, { room: "from-2", text: "2", from: renamed })).status).toBe(201);
    expect((await send(speaking, { room: "from-2", text: "3", from: "shop-7" })).status).toBe(201);
    const names = (await eventsOf("from-2")).map(({ author, data }) => [author, data.author_name]);
    expect(names).toEqual(Array.from({ length: 3 }, () => ["shop-7", "Bea"]));
  });

  test("[R5] nobody else speaks for users, and nobody for back ends, nobodies, strangers or the disabled", async () => {
    const out = await account("out_of_from");
    const disabled = await fetch(`${server.url}/api/v1/admin/users/${out.id}/disable`, {
      method: "POST",
      headers: { authorization: `Bearer ${operator}` },
    });
    expect(disabled.status).toBe(204);
    await callsItself("Eve");
    const refusals: readonly (readonly [string, unknown])[] = [
      [key, ann.id],
      [operator, ann.id],
      [speaking, out.id],
      [speaking, "service:shop"],
      [speaking, "nobody-knows"],
      [speaking, { id: "u_00000000000000000000000000", name: "Next account" }],
      [speaking, { id: "anonymous:x", name: "X" }],
      [speaking, { id: "unverified:x", name: "X" }],
      [speaking, { id: "service:other", name: "X" }],
      [speaking, "unverified:Eve"],
    ];
    for (const [token, from] of refusals) {
      const { status, body } = await send(token, { room: "from-3", text: "x", from });
      expect([from, status, body.error?.details?.field]).toEqual([from, 403, "from"]);
    }
    const people = await send(ann.token, { room: "from-3", text: "x", from: ann.id });
    expect(people.status).toBe(403);
    for (const from of [7, null, {}, { id: "" }, { id: "a", name: "" }]) {
      const { status } = await send(speaking, { room: "from-3", text: "x", from });
      expect([from, status]).toEqual([from, 400]);
    }
    // In a plain message it is no field, as any other.
    await send(ann.token, { text: "plain", from: "shop-7" }, {}, "/api/v1/rooms/from-4/messages");
    expect((await eventsOf("from-4")).at(-1)?.author).toBe(ann.id);
    expect((await send(speaking, { room: "from-3", text: "ok", from: ann.id })).status).toBe(201);
    expect(await textsOf("from-3")).toEqual(["ok"]);
  });

  test("[I-4] a repeat is the service's: the same key is stored once, whoever is named", async () => {
    const once = { room: "from-5", text: "Once", idempotency_key: "f-1" };
    expect((await send(speaking, { ...once, from: ann.id })).status).toBe(201);
    expect((await send(speaking, { ...once, from: ann.id })).status).toBe(200);
    expect((await send(speaking, once)).body.results[0].repeated).toBe(true);
    expect((await send(speaking, { ...once, text: "Other", from: ann.id })).status).toBe(409);
    expect(await textsOf("from-5")).toEqual(["Once"]);
  });

  test("[I-21] it stays unread for the one in whose name it is", async () => {
    await send(ann.token, {}, {}, "/api/v1/rooms/from-6/join");
    await send(ann.token, { text: "own" }, {}, "/api/v1/rooms/from-6/messages");
    await send(speaking, { room: "from-6", text: "not read", from: ann.id });
    const room = await fetch(`${server.url}/api/v1/rooms/from-6`, {
      headers: { authorization: `Bearer ${ann.token}` },
    });
    expect(await room.json()).toMatchObject({ unread: 1 });
  });
});

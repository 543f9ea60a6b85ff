/** Messages over REST: changed, erased, reacted to, and read as they are now. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import { signLocalToken } from "./local-token.ts";
import { createLog } from "./log.ts";
import { type ParlanceServer, startServer } from "./start.ts";

let directory: string;
let server: ParlanceServer;
let keyFor: (scope: string) => Promise<string>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "rest-messages-"));
  const { config } = loadConfig({
    flags: { port: "0", sign_ins_per_minute: "0", public_url: "http://127.0.0.1:1" },
    environment: {},
    directory,
  });
  server = await startServer(config, { log: createLog(config, { write: () => {} }) });
  keyFor = (scope) =>
    signLocalToken(config, { user: "service:shop", ttlSeconds: 60, scopes: [scope] });
});
afterAll(async () => {
  await server.close(0);
  await rm(directory, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- answers are looked at as they come
}

async function send(
  method: string,
  path: string,
  token: string | undefined,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, body: text === "" ? undefined : JSON.parse(text) };
}

async function guest(name: string): Promise<{ id: string; number: number; token: string }> {
  const { body } = await send("POST", "/guests", undefined, { name });
  return { id: body.user.id, number: body.user.number, token: body.token };
}

async function write(room: string, token: string, text: string, more = {}): Promise<Answer> {
  return send("POST", `/rooms/${room}/messages`, token, { text, ...more });
}

describe("a message", () => {
  test("is edited, reacted to and read as it is now, by id and by number", async () => {
    const ann = await guest("Ann");
    const bob = await guest("Bob");
    const data = { colour: "red", list: [1, { a: null }] };
    const { body: published } = await write("talk", ann.token, "one", { data });
    const path = `/rooms/talk/messages/${published.message_id}`;
    const first = await send("GET", path, bob.token);
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      id: published.message_id,
      room: "talk",
      sequence: published.sequence,
      author: ann.id,
      author_name: "Ann",
      author_number: ann.number,
      text: "one",
      data,
      time: published.time,
    });
    const byNumber = await send("GET", `/rooms/talk/messages/${first.body.number}`, bob.token);
    expect(byNumber.text).toBe(first.text);

    const key = { "idempotency-key": "edit-1" };
    const edited = await send("PATCH", path, ann.token, { text: "two" }, key);
    expect([edited.status, edited.body.sequence]).toEqual([200, published.sequence + 1]);
    const again = await send("PATCH", path, ann.token, { text: "two" }, key);
    expect(again.body).toEqual({ ...edited.body, repeated: true });
    expect((await send("PATCH", path, ann.token, { text: "three" }, key)).status).toBe(409);

    const heart = `${path}/reactions/${encodeURIComponent("❤️")}`;
    const put = await send("PUT", heart, bob.token);
    expect(put.body).toMatchObject({ emoji: "❤️", on: true, sequence: published.sequence + 2 });
    expect((await send("PUT", heart, bob.token)).body).not.toHaveProperty("sequence");
    const family = encodeURIComponent("👨‍👩‍👧‍👦");
    expect((await send("PUT", `${path}/reactions/${family}`, ann.token)).status).toBe(200);
    expect((await send("DELETE", `${path}/reactions/${family}`, ann.token)).body.on).toBe(false);

    const now = await send("GET", path, bob.token);
    expect(now.body).toMatchObject({
      text: "two",
      edited_at: edited.body.time,
      reactions: [{ emoji: "❤️", count: 1, users: [bob.id] }],
    });
    expect(now.body).not.toHaveProperty("data");
    const list = await send("GET", "/rooms/talk/message-list", bob.token);
    expect(list.body.messages).toEqual([now.body]);
    const at = encodeURIComponent("2020-01-01T00:00:00+01:00");
    for (const place of [`at=${at}`, `around=${now.body.sequence}`, "after=0"]) {
      const page = await send("GET", `/rooms/talk/message-list?${place}`, bob.token);
      expect(page.body.messages).toEqual([now.body]);
    }
    const stats = await send("GET", "/rooms/talk/stats", bob.token);
    expect(stats.body).toEqual({
      room: "talk",
      message_count: 1,
      user_count: 1,
      first_message_at: published.time,
      last_message_at: published.time,
    });
  });

  test("[I-22] that is deleted is in no answer and no file within two seconds", async () => {
    const ann = await guest("Ann");
    const secret = "the-secret-that-nobody-may-read";
    const { body: published } = await write("quiet", ann.token, secret);
    await write("quiet", ann.token, "beside it");
    const path = `/rooms/quiet/messages/${published.message_id}`;
    await send("PATCH", path, ann.token, { text: `${secret}, edited` });
    const deleted = await send("DELETE", path, ann.token);
    expect(deleted.status).toBe(200);
    expect(deleted.body).toMatchObject({ message_id: published.message_id, sequence: 4 });
    const answers = await Promise.all(
      ["", "?after=0", "?before=3"].map((query) =>
        send("GET", `/rooms/quiet/messages${query}`, ann.token),
      ),
    );
    answers.push(await send("GET", "/rooms/quiet/message-list", ann.token));
    answers.push(await send("GET", path, ann.token));
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      expect(text).not.toContain(secret);
    }
    expect(answers.at(-1)?.body).toMatchObject({ deleted: true, text: "" });
    expect((await send("DELETE", path, ann.token)).status).toBe(404);
    const inFiles = async (): Promise<boolean> => {
      const files = await Promise.all(
        ["parlance.db", "parlance.db-wal"].map((name) => readFile(join(directory, "data", name))),
      );
      return files.some((file) => file.includes(secret));
    };
    await expect.poll(inFiles, { timeout: 2_000, interval: 100 }).toBe(false);
  });

  test("[J23] [Z6] of another room, of somebody else or of nobody is 404 with the same bytes", async () => {
    const ann = await guest("Ann");
    const eve = await guest("Eve");
    const { body: made } = await send("POST", "/rooms", ann.token, {
      kind: "private",
      title: "Ours",
    });
    const hidden = (await write(made.room, ann.token, "hidden")).body.message_id;
    const open = (await write("square", ann.token, "open")).body.message_id;
    const answers = new Set<string>();
    const ask = async (method: string, path: string, body?: unknown): Promise<void> => {
      const { status, text } = await send(method, path, eve.token, body);
      answers.add(`${status} ${text}`);
    };
    for (const path of [
      `/rooms/square/messages/${hidden}`,
      `/rooms/${made.room}/messages/${hidden}`,
      `/rooms/${made.room}/messages/${open}`,
      `/rooms/square/messages/nobodys`,
      `/rooms/square/messages/99999`,
      `/rooms/square/messages/${hidden}?room=${made.room}`,
      `/rooms/nowhere/messages/${open}`,
      `/rooms/square/messages/${encodeURIComponent("a b")}`,
    ]) {
      await ask("GET", path);
      await ask("PATCH", path, { text: "x" });
      await ask("DELETE", path);
      await ask("PUT", path.replace(/(\?|$)/, "/reactions/x$1"));
      await ask("DELETE", path.replace(/(\?|$)/, "/reactions/x$1"));
    }
    await ask("PATCH", `/rooms/square/messages/${open}`, { text: "x" });
    await ask("DELETE", `/rooms/square/messages/${open}`);
    await ask("GET", `/rooms/${made.room}/message-list`);
    await ask("GET", `/rooms/${made.room}/stats`);
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain('404 {"error":{"code":"not_found"');
    const { body } = await send("GET", `/rooms/${made.room}/messages`, ann.token);
    expect(body.events).toHaveLength(2);
  });

  test("is erased by a back end that manages rooms, not by one that only writes", async () => {
    const ann = await guest("Ann");
    const { body } = await write("moderated", ann.token, "rude");
    const path = `/rooms/moderated/messages/${body.message_id}`;
    expect((await send("DELETE", path, await keyFor("publish"))).status).toBe(404);
    expect((await send("PATCH", path, await keyFor("admin"), { text: "polite" })).status).toBe(404);
    expect((await send("DELETE", path, await keyFor("rooms"))).status).toBe(200);
    expect((await send("GET", path, ann.token)).body.deleted).toBe(true);
  });

  test("asks for a token, and for bodies and paths that are right", async () => {
    const ann = await guest("Ann");
    const { body } = await write("strict", ann.token, "x");
    const path = `/rooms/strict/messages/${body.message_id}`;
    const all = [
      ["GET", path],
      ["PATCH", path],
      ["DELETE", path],
      ["PUT", `${path}/reactions/x`],
      ["DELETE", `${path}/reactions/x`],
      ["GET", "/rooms/strict/stats"],
      ["GET", "/rooms/strict/message-list"],
    ] as const;
    for (const [method, url] of all) {
      expect((await send(method, url, undefined)).status).toBe(401);
    }
    for (const wrong of [
      {},
      { text: " " },
      { text: 1 },
      { text: "x", data: [] },
      { text: "x", data: { big: "x".repeat(40_000) } },
    ]) {
      expect((await send("PATCH", path, ann.token, wrong)).status).toBe(400);
    }
    const long = await send("PATCH", path, ann.token, { text: "x".repeat(16_385) });
    expect([long.status, long.body.error.code]).toEqual([413, "too_large"]);
    for (const emoji of ["%20", "%3Cb%3E", "x".repeat(33), "%00"]) {
      expect((await send("PUT", `${path}/reactions/${emoji}`, ann.token)).status).toBe(404);
    }
    for (const query of [
      "limit=0",
      "limit=201",
      "before=-1",
      "before=1&before=2",
      "at=1",
      "at=2020-01-01T00:00:00Z&after=1",
    ]) {
      const answer = await send("GET", `/rooms/strict/message-list?${query}`, ann.token);
      expect(answer.status).toBe(400);
    }
    expect((await send("GET", path, ann.token)).body.text).toBe("x");
  });
});

describe("an open message", () => {
  const place = (id: string, what: string): string => `/rooms/growing/messages/${id}/${what}`;

  test("[OPEN-1] [OPEN-2] [OPEN-5] is opened, appended to by position, read as far as it is, and closed", async () => {
    const ann = await guest("Ann");
    const bob = await guest("Bob");
    const key = { "idempotency-key": "opens-once" };
    const opening = { text: "", open: true, data: { model: "m" } };
    const opened = await send("POST", "/rooms/growing/messages", ann.token, opening, key);
    expect(opened.status).toBe(201);
    const again = await send("POST", "/rooms/growing/messages", ann.token, opening, key);
    expect([again.status, again.body.message_id]).toEqual([200, opened.body.message_id]);
    const id = opened.body.message_id as string;
    const append = (at: number, text: string, token = ann.token): Promise<Answer> =>
      send("POST", place(id, "append"), token, { at, text });
    expect(await append(0, "漢字 👋")).toMatchObject({ status: 200, body: { length: 5 } });
    expect(await append(3, "👋 and on")).toMatchObject({ status: 200, body: { length: 12 } });
    expect(await append(99, "hole")).toMatchObject({
      status: 409,
      body: { error: { code: "conflict", details: { length: 12 } } },
    });
    expect((await append(12, "x", bob.token)).status).toBe(404);
    expect((await append(12, "x".repeat(16_385))).status).toBe(413);
    for (const bad of [{ at: -1, text: "" }, { at: 0.5, text: "" }, { at: 0 }, { text: "x" }, {}]) {
      expect((await send("POST", place(id, "append"), ann.token, bad)).status).toBe(400);
    }
    expect((await send("GET", `${place(id, "text")}?from=3`, bob.token)).body).toEqual({
      room: "growing",
      message_id: id,
      from: 3,
      text: "👋 and on",
      length: 12,
      open: true,
    });
    const view = await send("GET", `/rooms/growing/messages/${id}`, bob.token);
    expect(view.body).toMatchObject({ text: "漢字 👋 and on", open: true });
    const edit = { text: "edited" };
    expect((await send("PATCH", `/rooms/growing/messages/${id}`, ann.token, edit)).status).toBe(
      409,
    );
    expect((await send("POST", place(id, "close"), ann.token, { length: 11 })).body).toMatchObject({
      error: { code: "conflict", details: { length: 12 } },
    });
    const closed = await send("POST", place(id, "close"), ann.token, { length: 12 });
    expect(closed).toMatchObject({ status: 200, body: { message_id: id } });
    expect((await send("POST", place(id, "close"), ann.token, {})).body.repeated).toBe(true);
    expect((await append(12, "late")).body.error).toMatchObject({
      code: "conflict",
      details: { field: "message_id" },
    });
    expect((await send("GET", place(id, "text"), bob.token)).body).toMatchObject({ length: 12 });
    expect((await send("GET", `/rooms/growing/messages/${id}`, bob.token)).body).toMatchObject({
      text: "漢字 👋 and on",
      closed: "done",
      data: { model: "m" },
    });
  });

  test("[OPEN-4] is cancelled by a back end that manages rooms, and by no other reader", async () => {
    const ann = await guest("Ann");
    const bob = await guest("Bob");
    const { body } = await write("growing", ann.token, "as far as", { open: true });
    const cancel = (token: string): Promise<Answer> =>
      send("POST", place(body.message_id, "cancel"), token);
    expect((await cancel(bob.token)).status).toBe(403);
    expect((await cancel(await keyFor("publish"))).status).toBe(404);
    expect((await cancel(await keyFor("admin"))).status).toBe(200);
    const view = await send("GET", `/rooms/growing/messages/${body.message_id}`, bob.token);
    expect(view.body).toMatchObject({ text: "as far as", closed: "cancelled" });
    expect((await cancel(ann.token)).status).toBe(409);
  });

  test("nothing to see is refused of a message that is whole", async () => {
    const ann = await guest("Ann");
    expect((await write("growing", ann.token, "")).status).toBe(400);
    expect((await write("growing", ann.token, "", { open: false })).status).toBe(400);
  });
});

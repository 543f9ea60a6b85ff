/** Webhooks of a running server, with receivers of every kind. */
import { createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { behave, Receiver } from "@parlance/testkit/receiver";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { signLocalToken } from "./local-token.ts";
import { type ParlanceServer, startServer } from "./start.ts";

const patient = { timeout: 20_000 };

let directory: string;
let config: Config;
let server: ParlanceServer;
let operator: string;
let receiver: Receiver;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "webhooks-"));
  const flags = {
    port: "0",
    log_level: "silent",
    sign_ins_per_minute: "0",
    webhook_timeout_ms: "500",
    webhook_give_up_ms: "1500",
  };
  config = loadConfig({ flags, environment: {}, directory }).config;
  server = await startServer(config);
  const admin = { user: "service:test", ttlSeconds: 600, scopes: ["admin"] } as const;
  operator = await signLocalToken(config, admin);
});
afterAll(async () => {
  await server.close(0);
  await rm(directory, { recursive: true, force: true });
});

let hooks: string[] = [];
beforeEach(async () => {
  receiver = await Receiver.listen();
});
afterEach(async () => {
  for (const id of hooks) await call("DELETE", `/admin/webhooks/${id}`);
  hooks = [];
  await receiver.close();
});

interface Answer {
  readonly status: number;
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- answers are looked at as they come
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  token = operator,
): Promise<Answer> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

async function hook(wanted: object = {}, to = receiver): Promise<{ id: string; secret: string }> {
  const { body } = await call("POST", "/admin/webhooks", { name: "shop", url: to.url, ...wanted });
  const { webhook, secret } = body as { webhook: { id: string }; secret: string };
  hooks.push(webhook.id);
  return { id: webhook.id, secret };
}

let rooms = 0;
function newRoom(prefix = "hooked"): string {
  rooms += 1;
  return `${prefix}-${rooms}`;
}

/** @returns the message's id. */
async function say(room: string, text: string, data?: object): Promise<string> {
  const sent = await call("POST", "/publish", { room, text, ...(data ? { data } : {}) });
  expect(sent.status).toBe(201);
  return (sent.body as { results: { message_id: string }[] }).results[0]?.message_id ?? "";
}

describe("an application that listens", () => {
  test("[WEB-1] gets what is written from then on, once and in order, and signed", async () => {
    const room = newRoom();
    await say(room, "before");
    const { id, secret } = await hook();
    const texts = Array.from({ length: 20 }, (_, n) => `text ${n}`);
    for (const text of texts) await say(room, text);
    await expect.poll(() => receiver.texts(room), patient).toEqual(texts);
    const [event] = receiver.taken.filter((one) => one.room === room);
    expect(event).toMatchObject({
      type: "message.created",
      room,
      sequence: 2,
      epoch: expect.any(String) as string,
      author: "service:test",
      data: { text: "text 0" },
    });
    for (const { headers, body } of receiver.requests) {
      expect(headers).toMatchObject({
        "content-type": "application/json",
        "parlance-webhook": id,
      });
      const [, seconds, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(
        String(headers["parlance-signature"]),
      ) as unknown as [string, string, string];
      const expected = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
      expect(mac).toBe(expected);
    }
  });

  test("[WEB-2] gets the types and rooms that it asked for, and nothing else", async () => {
    const room = newRoom("ops");
    await hook({ events: ["message.deleted", "reaction.*"], rooms: ["ops-*"] });
    const message = await say(room, "hello");
    await say(newRoom("dev"), "not for it");
    const path = `/rooms/${room}/messages/${message}`;
    await call("PUT", `${path}/reactions/${encodeURIComponent("👍")}`);
    expect((await call("DELETE", path)).status).toBeLessThan(300);
    await expect
      .poll(() => receiver.taken.map(({ type }) => type), patient)
      .toContain("message.deleted");
    expect(receiver.taken.every((one) => one.room === room)).toBe(true);
    expect(receiver.taken.map(({ type }) => type)).not.toContain("message.created");
  });

  test("[WEB-3] is never sent a text that was erased meanwhile", async () => {
    const room = newRoom();
    const { id } = await hook();
    await call("POST", `/admin/webhooks/${id}/pause`);
    const message = await say(room, "a secret");
    await call("DELETE", `/rooms/${room}/messages/${message}`);
    await call("POST", `/admin/webhooks/${id}/resume`);
    await expect
      .poll(() => receiver.taken.map((one) => one.type), patient)
      .toContain("message.deleted");
    const first = receiver.taken.find((one) => one.room === room);
    expect(first).toMatchObject({ id: message, erased: true });
    expect(receiver.requests.map(({ body }) => body).join("")).not.toContain("a secret");
  });

  test("[WEB-2] learns that a job is finished, and how", async () => {
    const room = newRoom("job_ocr");
    await hook({ events: ["job.finished"] });
    await say(room, "half way", { status: "processing" });
    await say(room, "done", { status: "completed", pages: 3 });
    await expect
      .poll(() => receiver.taken, patient)
      .toMatchObject([
        { type: "job.finished", room, status: "completed", data: { data: { pages: 3 } } },
      ]);
  });

  test("[WEB-2] is sent a test event on demand, and the operator is told what became of it", async () => {
    const { id } = await hook();
    expect((await call("POST", `/admin/webhooks/${id}/test`)).body).toEqual({ taken: true });
    expect(receiver.taken).toMatchObject([{ type: "webhook.test" }]);
    receiver.behaviour = behave.answer(500);
    expect((await call("POST", `/admin/webhooks/${id}/test`)).body).toEqual({
      taken: false,
      reason: "answered 500",
    });
  });
});

describe("a receiver in trouble", () => {
  const lagOf = async (id: string) => (await call("GET", `/admin/webhooks/${id}`)).body as any; // oxlint-disable-line typescript/no-explicit-any -- looked at as it comes

  for (const [name, behaviour, reason] of [
    ["answers 500", behave.answer(500), "answered 500"],
    ["answers 404", behave.answer(404), "answered 404"],
    ["hangs", behave.hang, "did not answer within 0.5 s"],
    ["breaks its answer off", behave.cut, "ended the connection without an answer"],
    [
      "redirects",
      behave.answer(302, { location: "http://127.0.0.1:1/" }),
      "answered 302: redirects are not followed",
    ],
    ["is busy", behave.answer(503, { "retry-after": "1" }), "answered 503"],
  ] as const) {
    test(`[WEB-5] that ${name} gets everything in order when it is well again, and another one at once`, async () => {
      const room = newRoom();
      const other = await Receiver.listen();
      receiver.behaviour = behaviour;
      const { id } = await hook();
      await hook({}, other);
      const texts = ["one", "two", "three"];
      for (const text of texts) await say(room, text);
      await expect.poll(() => other.texts(room), patient).toEqual(texts);
      await expect.poll(async () => (await lagOf(id)).webhook.last_error, patient).toBe(reason);
      expect(await lagOf(id)).toMatchObject({
        lag: { rooms: 1, events: 3, oldest_at: expect.any(String) as string },
      });
      receiver.behaviour = behave.take;
      await expect.poll(() => receiver.texts(room), patient).toEqual(texts);
      await expect.poll(async () => (await lagOf(id)).lag.events, patient).toBe(0);
      expect((await lagOf(id)).webhook.last_success_at).toBeDefined();
      await other.close();
    });
  }

  test("[WEB-5] whose answer has no end is not listened to for long", async () => {
    const room = newRoom();
    receiver.behaviour = behave.flood;
    const { id } = await hook();
    for (const text of ["one", "two"]) await say(room, text);
    await expect.poll(async () => (await lagOf(id)).lag.events, patient).toBe(0);
    expect(receiver.requests.length).toBeLessThanOrEqual(2);
  });

  test("[WEB-6] that answers 410 is paused, and goes on where it was when it is resumed", async () => {
    const room = newRoom();
    receiver.behaviour = behave.answer(410);
    const { id } = await hook();
    await say(room, "one");
    const reason = "answered 410: the receiver wants nothing any more";
    await expect.poll(async () => (await lagOf(id)).webhook.paused_because, patient).toBe(reason);
    receiver.behaviour = behave.take;
    await call("POST", `/admin/webhooks/${id}/resume`);
    await expect.poll(() => receiver.texts(room), patient).toEqual(["one"]);
  });

  test("[WEB-7] that refuses one event for too long gets the next ones, and that one when it is asked for", async () => {
    const room = newRoom();
    let isPicky = true;
    receiver.behaviour = (request, response) => {
      const isBad = isPicky && request.body.includes("poison");
      (isBad ? behave.answer(500) : behave.take)(request, response);
    };
    const { id } = await hook();
    for (const text of ["one", "poison", "three"]) await say(room, text);
    await expect.poll(() => receiver.texts(room), patient).toEqual(["one", "three"]);
    const { dead } = (await call("GET", `/admin/webhooks/${id}/dead`)).body as { dead: any[] }; // oxlint-disable-line typescript/no-explicit-any -- looked at as it comes
    expect(dead).toMatchObject([
      { type: "message.created", room, sequence: 2, reason: "answered 500" },
    ]);
    const retry = `/admin/webhooks/${id}/dead/retry`;
    // One try, and it is put aside again.
    expect((await call("POST", retry, { number: dead[0].number })).body).toEqual({ retried: 1 });
    await expect.poll(async () => (await lagOf(id)).dead, patient).toBe(1);
    isPicky = false;
    await call("POST", retry, {});
    await expect.poll(() => receiver.texts(room), patient).toEqual(["one", "three", "poison"]);
    expect((await lagOf(id)).dead).toBe(0);
  });
});

describe("what became of one message", () => {
  const fate = async (message: string, id: string) => {
    const { body } = await call("GET", `/admin/trace/${message}`);
    return (body.webhooks as { id: string; state: string }[]).find((one) => one.id === id);
  };
  const state = async (message: string, id: string) => (await fate(message, id))?.state;

  test("[WEB-10] is told of each webhook that wants it: taken, made later, waiting and since when it fails, paused", async () => {
    const room = newRoom();
    const before = await say(room, "before");
    const { id } = await hook();
    const deaf = await hook({ events: ["reaction.*"] });
    const elsewhere = await hook({ rooms: ["elsewhere-*"] });
    const taken = await say(room, "taken");
    await expect.poll(() => state(taken, id), patient).toBe("delivered");
    expect(await state(before, id)).toBe("earlier");
    for (const { id: other } of [deaf, elsewhere])
      expect(await state(taken, other)).toBeUndefined();
    receiver.behaviour = behave.hang;
    const late = await say(room, "late");
    await expect
      .poll(() => fate(late, id), patient)
      .toMatchObject({ state: "waiting", place: 2, failing_since: expect.any(String) as string });
    await call("POST", `/admin/webhooks/${id}/pause`);
    expect(await fate(late, id)).toMatchObject({ paused_because: "paused by an operator" });
    receiver.behaviour = behave.take;
    await call("POST", `/admin/webhooks/${id}/resume`);
    await expect.poll(() => state(late, id), patient).toBe("delivered");
    await call("POST", `/admin/webhooks/${id}/pause`);
    await call("POST", `/admin/webhooks/${id}/replay`, { room, after: 0 });
    expect(await fate(before, id)).toMatchObject({ state: "waiting", place: 0 });
  });

  test("[WEB-10] is told where it was given up, with the reason, and is taken once it was tried again", async () => {
    const room = newRoom();
    receiver.behaviour = (request, response) => {
      const isBad = request.body.includes("poison");
      (isBad ? behave.answer(500) : behave.take)(request, response);
    };
    const { id } = await hook();
    const poison = await say(room, "poison");
    await expect.poll(() => state(poison, id), patient).toBe("dead");
    expect(await fate(poison, id)).toMatchObject({
      name: "shop",
      reason: "answered 500",
      given_up_at: expect.any(String) as string,
    });
    receiver.behaviour = behave.take;
    await call("POST", `/admin/webhooks/${id}/dead/retry`, {});
    await expect.poll(() => state(poison, id), patient).toBe("delivered");
  });
});

describe("a replay", () => {
  test("[WEB-8] delivers again what follows a sequence, with the same ids and bodies", async () => {
    const room = newRoom();
    const { id } = await hook();
    for (const text of ["one", "two", "three"]) await say(room, text);
    await expect.poll(() => receiver.texts(room), patient).toHaveLength(3);
    const first = receiver.taken.filter((one) => one.room === room);
    const replayed = await call("POST", `/admin/webhooks/${id}/replay`, { room, after: 1 });
    expect(replayed.body).toEqual({ rooms: 1 });
    await expect.poll(() => receiver.texts(room), patient).toHaveLength(5);
    expect(receiver.taken.filter((one) => one.room === room).slice(3)).toEqual(first.slice(1));
  });

  test("[WEB-8] by time delivers again what is younger, in all rooms", async () => {
    const [a, b] = [newRoom(), newRoom()];
    await say(a, "old");
    const { id } = await hook({ rooms: [a, b] });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const since = new Date().toISOString();
    await say(a, "new a");
    await say(b, "new b");
    await expect.poll(() => receiver.taken.length, patient).toBe(2);
    expect((await call("POST", `/admin/webhooks/${id}/replay`, { since })).body).toEqual({
      rooms: 2,
    });
    await expect.poll(() => receiver.taken.length, patient).toBe(4);
    expect([receiver.texts(a), receiver.texts(b)]).toEqual([
      ["new a", "new a"],
      ["new b", "new b"],
    ]);
  });
});

describe("the routes of webhooks", () => {
  test("[AD1] are there for operators only", async () => {
    const { id } = await hook();
    const made = await call("POST", "/admin/keys", {
      name: "shop",
      scopes: ["publish", "read", "rooms"],
    });
    const key = (made.body as { token: string }).token;
    for (const [method, path] of [
      ["GET", ""],
      ["POST", ""],
      ["GET", `/${id}`],
      ["DELETE", `/${id}`],
      ["POST", `/${id}/pause`],
      ["POST", `/${id}/resume`],
      ["POST", `/${id}/test`],
      ["GET", `/${id}/dead`],
      ["POST", `/${id}/dead/retry`],
      ["POST", `/${id}/replay`],
    ] as const) {
      const body = method === "POST" ? {} : undefined;
      expect((await call(method, `/admin/webhooks${path}`, body, key)).status).toBe(404);
      expect((await call(method, `/admin/webhooks${path}`, body, "")).status).toBe(401);
    }
    expect((await call("GET", `/admin/webhooks/${id}`)).status).toBe(200);
  });

  test("[R3] tell what is wrong with a webhook by its field, and never tell a secret a second time", async () => {
    const url = receiver.url;
    for (const [field, body] of [
      ["name", { name: "Shop!", url }],
      ["url", { name: "shop", url: "ftp://a.example" }],
      ["url", { name: "shop", url: "http://user:pw@a.example" }],
      ["url", { name: "shop", url: "nonsense" }],
      ["events", { name: "shop", url, events: ["message.crated"] }],
      ["rooms", { name: "shop", url, rooms: ["a b"] }],
    ] as const) {
      const { status, body: answer } = await call("POST", "/admin/webhooks", body);
      expect([status, (answer as { error: object }).error]).toMatchObject([
        400,
        { code: "bad_request", details: { field } },
      ]);
    }
    const { id, secret } = await hook();
    for (const path of ["/admin/webhooks", `/admin/webhooks/${id}`]) {
      expect(JSON.stringify((await call("GET", path)).body)).not.toContain(secret);
    }
    const replay = `/admin/webhooks/${id}/replay`;
    for (const body of [{}, { after: 1 }, { after: 1, since: "2026-01-01T00:00:00Z" }]) {
      expect((await call("POST", replay, body)).status).toBe(400);
    }
    expect((await call("GET", "/admin/webhooks/wh_none")).status).toBe(404);
    expect(
      (await call("POST", "/admin/webhooks/wh_none/replay", { room: "a", after: 1 })).status,
    ).toBe(404);
  });
});

/** Bots, keys for some rooms, and incoming webhooks, over HTTP and the native socket as their programs use them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import { signLocalToken } from "./local-token.ts";
import { type ParlanceServer, startServer } from "./start.ts";

let directory: string;
let server: ParlanceServer;
let operator: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bots-"));
  const flags = { port: "0", log_level: "silent", sign_ins_per_minute: "0" };
  const { config } = loadConfig({ flags, environment: {}, directory });
  server = await startServer(config);
  const admin = { user: "service:test", ttlSeconds: 600, scopes: ["admin"] } as const;
  operator = await signLocalToken(config, admin);
});
afterAll(async () => {
  await server.close(0);
  await rm(directory, { recursive: true, force: true });
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
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

async function botKey(wanted: object): Promise<string> {
  const key = { name: "helper", scopes: ["publish", "read"], bot: { name: "Helper" }, ...wanted };
  const { status, body } = await call("POST", "/admin/keys", key);
  expect(status).toBe(201);
  return (body as { token: string }).token;
}

/** A line of the native dialect. */
class Line {
  readonly frames: Answer["body"][] = [];
  readonly #socket: WebSocket;
  #id = 0;

  constructor() {
    this.#socket = new WebSocket(`${server.url.replace("http", "ws")}/ws`);
    this.#socket.addEventListener("message", ({ data }) => {
      this.frames.push(JSON.parse(String(data)));
    });
  }

  /** @returns the reply's result, or the error's code. */
  async ask(type: string, fields: object): Promise<Answer["body"]> {
    const socket = this.#socket;
    if (socket.readyState === WebSocket.CONNECTING) {
      await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    }
    this.#id += 1;
    const id = this.#id;
    socket.send(JSON.stringify({ type, id, ...fields }));
    const answered = () =>
      this.frames.find((frame) => frame.id === id && ["reply", "error"].includes(frame.type));
    await expect.poll(answered, { timeout: 10_000 }).toBeDefined();
    const frame = answered();
    return frame.type === "reply" ? frame.result : frame.code;
  }

  close(): void {
    this.#socket.close();
  }
}

describe("a bot", () => {
  test("[BOT-1] signs in on the socket with its key, is shown with its name, is a member, hears and writes", async () => {
    const token = await botKey({ rooms: ["bots-*"] });
    await call("POST", "/publish", { room: "bots-1", text: "before" });
    const added = await call("PUT", "/rooms/bots-1/members/service:helper", {});
    expect(added.status).toBeLessThan(300);
    const line = new Line();
    const signedIn = await line.ask("sign_in", { token, version: 1 });
    expect(signedIn.user).toMatchObject({ id: "service:helper", name: "Helper", kind: "service" });
    await line.ask("subscribe", { room: "bots-1" });
    const said = await line.ask("publish", {
      room: "bots-1",
      text: "hi",
      client_message_id: "b-1",
    });
    expect(said).toMatchObject({ room: "bots-1" });
    await call("POST", "/publish", { room: "bots-1", text: "after" });
    const texts = () =>
      line.frames
        .filter(({ type }) => type === "message.created")
        .map(({ author, data }) => [author, data.author_name, data.text]);
    await expect.poll(texts, { timeout: 10_000 }).toEqual([
      ["service:helper", "Helper", "hi"],
      ["service:test", expect.any(String), "after"],
    ]);
    const { body } = await call("GET", "/rooms/bots-1/members");
    const user = { id: "service:helper", name: "Helper", kind: "service" };
    expect(body.members).toContainEqual(expect.objectContaining({ user, role: "member" }));
    line.close();
  });

  test("[BOT-2] [Z13] with a key for some rooms finds no other one, in whatever way it asks", async () => {
    const token = await botKey({
      name: "narrow",
      scopes: ["publish", "read", "rooms"],
      rooms: ["ops-*"],
    });
    const secret = await call("POST", "/publish", { room: "dev-1", text: "secret" });
    const { message_id: message } = secret.body.results[0];
    await call("POST", "/publish", { room: "ops-1", text: "for it" }, token);
    const read = await call("GET", "/rooms/ops-1/messages", undefined, token);
    expect(read.status).toBe(200);
    for (const [method, path, body] of [
      ["GET", "/rooms/dev-1"],
      ["GET", "/rooms/dev-1/messages"],
      ["GET", "/rooms/dev-1/members"],
      ["GET", `/rooms/dev-1/messages/${message}`],
      ["DELETE", `/rooms/dev-1/messages/${message}`],
      ["PUT", `/rooms/dev-1/messages/${message}/reactions/x`],
      ["PUT", "/rooms/dev-1/members/service:narrow", {}],
      ["POST", "/publish", { room: "dev-1", text: "x" }],
      ["POST", "/publish", { room: "new-room", text: "x" }],
      ["POST", "/publish", { everyone: true, text: "x" }],
      ["POST", "/publish", { user: "u_ada", text: "x" }],
      ["POST", "/rooms", { title: "ops-of-my-own", kind: "public" }],
      ["POST", "/rooms", { title: "x", kind: "public", room: "dev-2" }],
      ["GET", "/admin/keys"],
      ["POST", "/admin/keys", { name: "x", scopes: ["admin"] }],
    ] as const) {
      const { status, body: answer } = await call(method, path, body, token);
      expect([method, path, status]).toEqual([method, path, expect.toBeOneOf([403, 404])]);
      expect(JSON.stringify(answer)).not.toContain("secret");
    }
    const headers = { authorization: `Bearer ${token}` };
    for (const path of ["/api/users", "/api/users/1", "/api/users/username/ada"]) {
      const people = await fetch(server.url + path, { headers });
      expect([path, people.status]).toEqual([path, 403]);
    }
    const rooms = (await call("GET", "/rooms", undefined, token)).body;
    const named = [...rooms.joined, ...rooms.discoverable].map(({ room }) => room as string);
    expect(named.every((room) => room.startsWith("ops-"))).toBe(true);
    const line = new Line();
    await line.ask("sign_in", { token, version: 1 });
    expect(await line.ask("subscribe", { room: "dev-1" })).toBe("not_found");
    expect(await line.ask("subscribe", { room: "ops-1" })).toMatchObject({ room: "ops-1" });
    const told = line.frames.filter((frame) => frame.room === "dev-1");
    expect(told).toEqual([]);
    line.close();
  });

  test("[BOT-3] [AD1] [Z13] never becomes an administrator, nor somebody else", async () => {
    for (const wanted of [{ bot: { name: "X" } }, { rooms: ["*"] }]) {
      const key = { name: "sneaky", scopes: ["publish", "admin"], ...wanted };
      const { status, body } = await call("POST", "/admin/keys", key);
      expect([status, body.error.code]).toEqual([400, "bad_request"]);
    }
    const masked = { name: "sneaky", scopes: ["publish", "impersonate"], bot: { name: "X" } };
    expect((await call("POST", "/admin/keys", masked)).status).toBe(400);
    expect((await call("POST", "/admin/keys", { name: "x", scopes: ["incoming"] })).status).toBe(
      400,
    );
    const keys = (await call("GET", "/admin/keys")).body.keys as { name: string }[];
    expect(keys.map(({ name }) => name)).not.toContain("sneaky");
  });

  test("[BOT-4] that is disabled is out, and cannot come in", async () => {
    const token = await botKey({ name: "naughty" });
    const line = new Line();
    await line.ask("sign_in", { token, version: 1 });
    expect((await call("POST", "/admin/users/service:naughty/disable")).status).toBe(204);
    await expect
      .poll(async () => (await call("GET", "/rooms", undefined, token)).status, { timeout: 10_000 })
      .toBe(403);
    const again = new Line();
    await expect.poll(() => line.frames.at(-1), { timeout: 10_000 }).toBeDefined();
    expect(await again.ask("sign_in", { token, version: 1 })).toBe("banned");
    for (const one of [line, again]) one.close();
  });
});

describe("an incoming webhook", () => {
  async function incoming(
    wanted: object = {},
  ): Promise<{ url: string; token: string; id: string }> {
    const body = { name: "ci", room: "builds", display_name: "CI", ...wanted };
    const made = await call("POST", "/admin/incoming", body);
    expect(made.status).toBe(201);
    const { path, incoming: view } = made.body as { path: string; incoming: { id: string } };
    return { url: `${server.url}${path}`, token: path.slice("/hooks/".length), id: view.id };
  }
  async function post(
    url: string,
    payload: unknown,
    headers = {},
  ): Promise<[number, string, string | null]> {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof payload === "string" ? payload : JSON.stringify(payload),
    });
    return [response.status, await response.text(), response.headers.get("content-type")];
  }
  const textType = "text/plain; charset=utf-8";
  async function messagesOf(room: string): Promise<Answer["body"][]> {
    const { body } = await call("GET", `/rooms/${room}/messages?limit=200`);
    return (body.events ?? []) as [];
  }

  test("[HOOK-IN-1] takes what a program sends to Slack, as a bot, and answers as Slack does", async () => {
    const { url } = await incoming();
    expect(
      await post(url, { text: "Build <https://ci.example/7|7> &amp; tests", username: "robot" }),
    ).toEqual([200, "ok", textType]);
    const form = new URLSearchParams({ payload: JSON.stringify({ text: "by form" }) }).toString();
    const type = { "content-type": "application/x-www-form-urlencoded" };
    expect((await post(url, form, type)).slice(0, 2)).toEqual([200, "ok"]);
    expect(await messagesOf("builds")).toMatchObject([
      {
        author: "service:ci",
        data: {
          text: "Build 7 (https://ci.example/7) & tests",
          author_name: "CI",
          data: { username: "robot" },
        },
      },
      { data: { text: "by form" } },
    ]);
  });

  test("[HOOK-IN-1] is described where the API is, with what it takes and says", async () => {
    const answer = await fetch(`${server.url}/api/openapi.json`);
    const { paths } = (await answer.json()) as { paths: Record<string, { post: any }> }; // oxlint-disable-line typescript/no-explicit-any -- looked at as it comes
    const { summary, security, requestBody, responses } = paths["/hooks/{token}"]?.post ?? {};
    expect([summary, security]).toEqual([expect.any(String), []]);
    const { properties } = requestBody.content["application/json"].schema;
    expect(Object.keys(properties)).toEqual([
      "text",
      "attachments",
      "blocks",
      "channel",
      "username",
    ]);
    expect(responses["200"].content["text/plain"].schema).toMatchObject({ enum: ["ok"] });
    const { enum: refusals } = responses["4XX"].content["text/plain"].schema;
    expect(refusals).toEqual(expect.arrayContaining(["no_service", "invalid_payload"]));
    // What its schema says is not what judges: the words are Slack's.
    const { url } = await incoming({ name: "described" });
    expect((await post(url, { text: 7 })).slice(0, 2)).toEqual([400, "invalid_payload"]);
    expect((await post(url, "")).slice(0, 2)).toEqual([400, "invalid_payload"]);
  });

  test("[HOOK-IN-3] ignores a channel that it is not for, and takes one that it is", async () => {
    const { url } = await incoming({ name: "multi", room: "home", channels: ["away-*"] });
    await post(url, { text: "1", channel: "#secret" });
    await post(url, { text: "2", channel: "#away-1" });
    expect((await messagesOf("home")).map(({ data }) => data.text)).toEqual(["1"]);
    expect((await messagesOf("away-1")).map(({ data }) => data.text)).toEqual(["2"]);
    expect(await messagesOf("secret")).toEqual([]);
  });

  test("[R4] [HOOK-IN-4] stores once what comes again with the same key", async () => {
    const { url } = await incoming({ name: "again", room: "once" });
    const key = { "idempotency-key": "k-1" };
    for (let n = 0; n < 2; n += 1) {
      expect((await post(url, { text: "same" }, key)).slice(0, 2)).toEqual([200, "ok"]);
    }
    expect((await post(url, { text: "other" }, key))[0]).toBe(409);
    expect((await post(url, { text: "x" }, { "idempotency-key": "k".repeat(1_024) }))[0]).toBe(400);
    expect(await messagesOf("once")).toHaveLength(1);
  });

  test("[HOOK-IN-5] [Z13] has an address that is good for nothing else, and no other token is one", async () => {
    const { url, token, id } = await incoming({ name: "leaky", room: "leaks" });
    await post(url, { text: "x" });
    for (const [method, path, body] of [
      ["GET", "/rooms/leaks/messages"],
      ["GET", "/rooms"],
      ["GET", "/me"],
      ["POST", "/tickets", { room: "leaks" }],
      ["POST", "/publish", { room: "leaks", text: "x" }],
      ["GET", "/admin/keys"],
    ] as const) {
      const { status } = await call(method, path, body, token);
      expect([path, status]).toEqual([path, 401]);
    }
    const people = await fetch(`${server.url}/api/users`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(people.status).toBe(401);
    const line = new Line();
    expect(await line.ask("sign_in", { token, version: 1 })).toBe("unauthenticated");
    line.close();
    const key = await botKey({ name: "other" });
    for (const wrong of [key, operator, "nonsense", "plk_x_y"]) {
      expect((await post(`${server.url}/hooks/${wrong}`, { text: "x" })).slice(0, 2)).toEqual([
        404,
        "no_service",
      ]);
    }
    expect((await call("DELETE", `/admin/keys/${id}`)).status).toBe(204);
    expect((await post(url, { text: "x" })).slice(0, 2)).toEqual([404, "no_service"]);
  });

  test("[R1] [R2] answers what is no message in Slack's words", async () => {
    const { url } = await incoming({ name: "odd", room: "odd" });
    for (const [payload, headers, expected] of [
      ["{", {}, [400, "invalid_payload"]],
      [{}, {}, [400, "no_text"]],
      [{ text: "x".repeat(100_000) }, {}, [400, "msg_too_long"]],
      ["x".repeat(200_000), {}, [400, "msg_too_long"]],
      ["text", { "content-type": "text/plain" }, [400, "invalid_payload"]],
    ] as const) {
      expect((await post(url, payload, headers)).slice(0, 2)).toEqual(expected);
    }
    for (const method of ["GET", "PUT", "DELETE"]) {
      expect((await fetch(url, { method })).status).toBeOneOf([404, 405]);
    }
    expect(await messagesOf("odd")).toEqual([]);
  });

  test("[R9] is limited by itself, and says when to come back", async () => {
    const { url } = await incoming({ name: "flood", room: "flooded" });
    const { url: other } = await incoming({ name: "calm", room: "calm" });
    const answers: number[] = [];
    for (let n = 0; n < 60; n += 1) answers.push((await post(url, { text: `${n}` }))[0]);
    expect(answers.filter((status) => status === 429).length).toBeGreaterThan(0);
    expect(answers.filter((status) => status === 200).length).toBeGreaterThanOrEqual(30);
    const refused = await fetch(url, { method: "POST", body: '{"text":"x"}' });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    expect((await post(other, { text: "x" }))[0]).toBe(200);
  });
});

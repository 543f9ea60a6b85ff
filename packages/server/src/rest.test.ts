import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { limits } from "@parlance/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { signLocalToken } from "./local-token.ts";
import { createLog } from "./log.ts";
import { type ParlanceServer, startServer } from "./start.ts";

let directory: string;
let config: Config;
let server: ParlanceServer;
const logged: string[] = [];
const json = { "content-type": "application/json" };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "rest-"));
  config = loadConfig({
    flags: {
      port: "0",
      log_level: "debug",
      sign_ins_per_minute: "0",
      origins: "https://app.example",
      public_url: "http://127.0.0.1:1",
    },
    environment: {},
    directory,
  }).config;
  const log = createLog(config, { write: (line) => logged.push(line) });
  server = await startServer(config, { log });
});
afterAll(async () => {
  await server.close(0);
  await rm(directory, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- answers are looked at as they come
}

async function call(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${server.url}${path}`, { ...init, method });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  };
}

function send(
  method: string,
  path: string,
  token: string,
  body?: unknown,
  more = {},
): Promise<Answer> {
  return call(method, path, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : json),
      ...more,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Sends a path as it is; `fetch` would tidy it. */
function rawStatus(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const request = httpRequest({ hostname, port, path }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("error", reject).end();
  });
}

async function guest(name: string): Promise<{ id: string; token: string }> {
  const { body } = await call("POST", "/api/v1/guests", {
    headers: json,
    body: JSON.stringify({ name }),
  });
  return { id: body.user.id, token: body.token };
}

async function joined(name: string): Promise<{ id: string; token: string }> {
  const who = await guest(name);
  expect((await send("POST", "/api/v1/rooms/general/join", who.token)).status).toBe(200);
  return who;
}

const messages = "/api/v1/rooms/general/messages";

describe("the way through", () => {
  test("sign up, sign in, make a room, bring somebody in, talk, page, read, sign out", async () => {
    const account = { username: "grace", password: "a good password", name: "Grace" };
    const made = await call("POST", "/api/v1/accounts", {
      headers: json,
      body: JSON.stringify(account),
    });
    expect(made.status).toBe(201);
    const again = await call("POST", "/api/v1/accounts", {
      headers: json,
      body: JSON.stringify(account),
    });
    expect([again.status, again.body.error.code]).toEqual([409, "conflict"]);
    const login = await call("POST", "/api/v1/sessions", {
      headers: json,
      body: JSON.stringify(account),
    });
    const token: string = login.body.token;
    expect((await send("GET", "/api/v1/me", token)).body.user.name).toBe("Grace");

    const room = await send("POST", "/api/v1/rooms", token, { kind: "private", title: "Plans" });
    expect(room.status).toBe(201);
    const path = `/api/v1/rooms/${room.body.room}`;
    const other = await guest("Hopper");
    expect((await send("GET", `${path}/members`, other.token)).status).toBe(404);
    expect((await send("PUT", `${path}/members/${other.id}`, token, {})).status).toBe(200);
    expect((await send("GET", `${path}/members`, other.token)).body.members).toHaveLength(2);

    const sent = [];
    for (const text of ["one", "two", "three"]) {
      sent.push((await send("POST", `${path}/messages`, token, { text })).body.sequence);
    }
    const before = await send("GET", `${path}/messages?before=${sent[2]}&limit=2`, other.token);
    expect(before.body.events.map((event: { data: { text: string } }) => event.data.text)).toEqual([
      "one",
      "two",
    ]);
    const after = await send("GET", `${path}/messages?after=${sent[0]}&limit=1`, other.token);
    expect(after.body.events.map((event: { sequence: number }) => event.sequence)).toEqual([
      sent[1],
    ]);
    const read = await send("PUT", `${path}/read-mark`, other.token, { sequence: sent[1] });
    expect(read.body).toMatchObject({ read_mark: sent[1], unread: 1 });
    expect((await send("GET", path, other.token)).body).toMatchObject({
      title: "Plans",
      unread: 1,
    });
    expect((await send("DELETE", `${path}/members/${other.id}`, token)).status).toBe(200);
    expect((await send("GET", `${path}/messages`, other.token)).status).toBe(404);

    const changed = await send("PUT", "/api/v1/me/password", token, {
      current: account.password,
      next: "a better password",
    });
    expect(changed.status).toBe(204);
    expect((await send("GET", "/api/v1/me", made.body.token)).status).toBe(401);
    expect((await send("DELETE", "/api/v1/sessions/current", token)).status).toBe(204);
    expect((await send("GET", "/api/v1/me", token)).status).toBe(401);
  });

  test("operators see connections and keep keys; to others the paths do not exist", async () => {
    const who = await guest("Curious");
    for (const path of ["/connections", "/keys", "/users"]) {
      expect((await call("GET", `/api/v1/admin${path}`)).status).toBe(401);
      expect((await send("GET", `/api/v1/admin${path}`, who.token)).status).toBe(404);
    }
    const operator = await signLocalToken(config, {
      user: "service:test",
      ttlSeconds: 60,
      scopes: ["admin"],
    });
    const key = await send("POST", "/api/v1/admin/keys", operator, {
      name: "shop",
      scopes: ["admin"],
    });
    expect(key.status).toBe(201);
    expect(
      (await send("GET", "/api/v1/admin/connections", key.body.token)).body.counts.connections,
    ).toBe(0);
    expect((await send("DELETE", `/api/v1/admin/keys/${key.body.key.id}`, operator)).status).toBe(
      204,
    );
    expect((await send("GET", "/api/v1/admin/keys", key.body.token)).status).toBe(401);
    expect((await send("POST", `/api/v1/admin/users/${who.id}/disable`, operator)).status).toBe(
      204,
    );
    expect((await send("GET", "/api/v1/me", who.token)).status).toBe(401);
    const seen: { id: string; number: number; disabled: boolean }[] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const list = await send("GET", `/api/v1/admin/users?limit=1&after=${after}`, operator);
      expect(list.status).toBe(200);
      seen.push(...list.body.users);
      after = list.body.next;
    }
    expect(seen.map(({ number }) => number)).toEqual(seen.map((_, index) => index + 1));
    expect(seen.find(({ id }) => id === who.id)).toMatchObject({ kind: "guest", disabled: true });
    expect(JSON.stringify(seen)).not.toContain("argon2");
    expect((await send("GET", "/api/v1/admin/users?limit=0", operator)).status).toBe(400);
    expect((await send("GET", "/api/v1/admin/users?after=-1", operator)).status).toBe(400);
  });
});

describe("who acts", () => {
  test("[A1] [I-18] another's name in body, query and headers changes nothing", async () => {
    const me = await joined("Me");
    const victim = await joined("Victim");
    const sent = await send(
      "POST",
      `${messages}?user_id=${victim.id}`,
      me.token,
      {
        text: "mine",
        user_id: victim.id,
        userId: victim.id,
        sender_id: victim.id,
        from: victim.id,
      },
      { "x-user-id": victim.id, "x-forwarded-user": victim.id },
    );
    expect(sent.status).toBe(201);
    const page = await send("GET", `${messages}?limit=1`, me.token);
    expect(page.body.events[0]).toMatchObject({
      author: me.id,
      data: { text: "mine", author_name: "Me" },
    });
  });

  test("[A3] [A6] [A13] headers, queries and cookies authenticate nobody", async () => {
    const { token, id } = await guest("Cookie");
    expect((await call("GET", "/api/v1/me", { headers: { "x-user-id": id } })).status).toBe(401);
    expect((await call("GET", `/api/v1/me?token=${token}`)).status).toBe(401);
    expect(
      (await call("GET", "/api/v1/me", { headers: { cookie: `token=${token}` } })).status,
    ).toBe(401);
    const forged = await call("POST", messages, {
      headers: {
        cookie: `token=${token}`,
        origin: "https://evil.example",
        "content-type": "text/plain",
      },
      body: JSON.stringify({ text: "x" }),
    });
    expect(forged.status).toBe(401);
    const plain = await send(
      "POST",
      messages,
      token,
      { text: "x" },
      { "content-type": "text/plain" },
    );
    expect([plain.status, plain.body.error.code]).toEqual([415, "unsupported"]);
  });
});

describe("[Z13] a key may do what its scopes say, over REST and over a socket", () => {
  async function keyWith(...scopes: string[]): Promise<string> {
    const operator = await signLocalToken(config, {
      user: "service:test",
      ttlSeconds: 60,
      scopes: ["admin"],
    });
    const name = `key-${scopes.join("-")}`;
    const made = await send("POST", "/api/v1/admin/keys", operator, { name, scopes });
    expect(made.status).toBe(201);
    return made.body.token;
  }

  /** Code of the answer to each command, by its type; `ok` for a reply. */
  async function bySocket(token: string): Promise<Record<string, string>> {
    const commands = [
      { type: "publish", room: "general", client_message_id: "m1", text: "by socket" },
      { type: "history", room: "general" },
      { type: "list_members", room: "general" },
      { type: "subscribe", room: "general" },
      { type: "create_room", kind: "public", title: "By key" },
    ];
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws`);
    const answers: Record<string, string> = {};
    const all = Promise.withResolvers<void>();
    socket.addEventListener("message", (message: MessageEvent<string>) => {
      const frame = JSON.parse(message.data);
      const command = commands[Number(frame.id) - 1];
      if (command !== undefined) answers[command.type] = frame.code ?? frame.error?.code ?? "ok";
      if (Object.keys(answers).length === commands.length) all.resolve();
    });
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "sign_in", id: "0", token }));
    for (const [index, command] of commands.entries()) {
      socket.send(JSON.stringify({ ...command, id: String(index + 1) }));
    }
    await all.promise;
    socket.close();
    return answers;
  }

  /** Status of each request, by what it does. */
  async function byRest(token: string): Promise<Record<string, number>> {
    const room = "/api/v1/rooms/general";
    const made = { kind: "public", title: "By key" };
    return {
      publish: (await send("POST", messages, token, { text: "by REST" })).status,
      history: (await send("GET", messages, token)).status,
      members: (await send("GET", `${room}/members`, token)).status,
      make: (await send("POST", "/api/v1/rooms", token, made)).status,
      keys: (await send("GET", "/api/v1/admin/keys", token)).status,
      users: (await send("GET", "/api/v1/admin/users", token)).status,
    };
  }

  test("publish: nothing is read, listed, made or administered with it", async () => {
    const token = await keyWith("publish");
    expect(await bySocket(token)).toEqual({
      publish: "ok",
      history: "not_found",
      list_members: "not_found",
      subscribe: "not_found",
      create_room: "forbidden",
    });
    expect(await byRest(token)).toEqual({
      publish: 201,
      history: 404,
      members: 404,
      make: 403,
      keys: 404,
      users: 404,
    });
  });

  test("read: nothing is published, made or administered with it", async () => {
    const token = await keyWith("read");
    expect(await bySocket(token)).toEqual({
      publish: "forbidden",
      history: "ok",
      list_members: "ok",
      subscribe: "ok",
      create_room: "forbidden",
    });
    expect(await byRest(token)).toEqual({
      publish: 403,
      history: 200,
      members: 200,
      make: 403,
      keys: 404,
      users: 404,
    });
  });

  test("rooms are listed for `read`", async () => {
    const token = await keyWith("read");
    expect((await send("GET", "/api/v1/rooms", token)).status).toBe(200);
    expect((await send("GET", "/api/v1/rooms/general", token)).status).toBe(200);
  });

  test("rooms are not listed for `publish`", async () => {
    const token = await keyWith("publish");
    expect((await send("GET", "/api/v1/rooms", token)).status).toBe(403);
  });

  test("scopes that do not exist are refused when the key is made", async () => {
    const operator = await keyWith("admin");
    for (const scopes of [["everything"], ["publish", "Read"], ["*"], [""], []]) {
      const { status } = await send("POST", "/api/v1/admin/keys", operator, { name: "x", scopes });
      expect([scopes, status]).toEqual([scopes, 400]);
    }
  });
});

describe("what is asked", () => {
  test("[J31] of two members with one name the last one counts, for the checks and for the use", async () => {
    const { token } = await joined("Twice");
    const headers = { authorization: `Bearer ${token}`, ...json };
    const post = (body: string): Promise<Answer> => call("POST", messages, { headers, body });
    expect((await post('{"text":"first","text":"last"}')).status).toBe(201);
    const page = await send("GET", `${messages}?limit=1`, token);
    expect(page.body.events[0].data.text).toBe("last");
    expect((await post('{"text":"fine","text":" "}')).status).toBe(400);
    expect((await post('{"text":" ","text":"fine"}')).status).toBe(201);
  });

  test("[R1] wrong methods and odd paths find nothing and pass no rule by", async () => {
    const wrong = await call("PATCH", "/api/v1/rooms");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, POST"]);
    expect(wrong.body.error.code).toBe("method_not_allowed");
    for (const path of [
      "/api/v1//rooms",
      "/API/v1/rooms",
      "/api/v1/rooms.",
      "/api/v1/rooms;x",
      "/api/v1/rooms/../admin/keys",
      "/api/v1/%61dmin%2Fkeys",
      "/api/v1/nothing",
      "/.env",
      "/assets/../../package.json",
      "/..%2f..%2fpackage.json",
    ]) {
      expect([path, await rawStatus(path)]).toEqual([path, 404]);
    }
    expect(await rawStatus("/api/v1/%zz")).toBe(400);
    const { token } = await guest("Odd");
    expect((await send("GET", "/api/v1/rooms/", token)).status).toBe(404);
    expect((await send("GET", "/api/v1/rooms/a%2Fb/members", token)).status).toBe(404);
  });

  test("[R2] bodies that are not plain JSON in UTF-8 are refused", async () => {
    const { token } = await joined("Bodies");
    const post = async (body: string | Buffer, headers: Record<string, string>): Promise<number> =>
      (
        await call("POST", messages, {
          headers: { authorization: `Bearer ${token}`, ...headers },
          body: new Uint8Array(Buffer.from(body)),
        })
      ).status;
    expect(await post("text=x", { "content-type": "application/x-www-form-urlencoded" })).toBe(415);
    expect(await post("<text/>", { "content-type": "application/xml" })).toBe(415);
    expect(await post("{}", { "content-type": "application/json; charset=utf-16" })).toBe(415);
    expect(await post("{}", { ...json, "content-encoding": "gzip" })).toBe(415);
    expect(await post("{", json)).toBe(400);
    expect(await post(Buffer.from([0x22, 0xff, 0x22]), json)).toBe(400);
    expect(await post(JSON.stringify({ text: "x".repeat(200_000) }), json)).toBe(413);
    expect(await post(JSON.stringify({ text: "x".repeat(limits.textLength + 1) }), json)).toBe(413);
    expect(await post(JSON.stringify({ text: " " }), json)).toBe(400);
    expect(await post(JSON.stringify({ text: "fine" }), json)).toBe(201);
  });

  test("[R3] a query means one thing or is refused", async () => {
    const { token } = await joined("Queries");
    for (const query of [
      "limit=1&limit=2",
      "limit=",
      "limit=1e1",
      "limit=0",
      "limit=201",
      "limit=-1",
      "before=1&after=2",
      "a[b]=c",
      "__proto__=x",
      "constructor=x",
      Array.from({ length: 10_000 }, (_, index) => `p${index}=1`)
        .join("&")
        .slice(0, 12_000),
    ]) {
      const { status, body } = await send("GET", `${messages}?${query}`, token);
      expect([query.slice(0, 20), status, body.error?.code]).toEqual([
        query.slice(0, 20),
        400,
        "bad_request",
      ]);
    }
    expect((await send("GET", `${messages}?limit=1`, token)).status).toBe(200);
  });

  test("[R4] an idempotency key makes one message, and is made if it is missing", async () => {
    const { token } = await joined("Keys");
    const key = { "idempotency-key": "order-1" };
    const first = await send("POST", messages, token, { text: "once" }, key);
    const second = await send("POST", messages, token, { text: "once" }, key);
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body).toEqual({ ...first.body, repeated: true });
    const other = await send("POST", messages, token, { text: "another" }, key);
    expect([other.status, other.body.error.code]).toEqual([409, "conflict"]);
    const long = { "idempotency-key": "k".repeat(1_024) };
    expect((await send("POST", messages, token, { text: "x" }, long)).status).toBe(400);
    const a = await send("POST", messages, token, { text: "same" });
    const b = await send("POST", messages, token, { text: "same" });
    expect(b.body.sequence).toBe(a.body.sequence + 1);
  });

  test("[R8] answers are not stored, and no header of the request gets into a link", async () => {
    const { token } = await guest("Cache");
    const me = await send("GET", "/api/v1/me", token, undefined, {
      "x-forwarded-host": "evil.example",
      origin: "https://evil.example",
    });
    expect(me.headers.get("cache-control")).toBe("no-store");
    expect(me.headers.get("vary")).toContain("Authorization");
    expect(me.headers.get("access-control-allow-origin")).toBeNull();
    expect(me.headers.get("x-content-type-options")).toBe("nosniff");
    const listed = await send("GET", "/api/v1/me", token, undefined, {
      origin: "https://app.example",
    });
    expect(listed.headers.get("access-control-allow-origin")).toBe("https://app.example");
    // As with sockets: while it is developed, pages of this machine may read too.
    const ofHere = await send("GET", "/api/v1/me", token, undefined, {
      origin: "http://localhost:9000",
    });
    expect(ofHere.headers.get("access-control-allow-origin")).toBe("http://localhost:9000");
    const document = await call("GET", "/api/openapi.json", {
      headers: { "x-forwarded-host": "evil.example" },
    });
    expect(JSON.stringify(document.body)).not.toContain("evil.example");
    expect(document.body.servers).toEqual([{ url: "http://127.0.0.1:1" }]);
  });
});

describe("describing itself", () => {
  test("every reference of the OpenAPI document leads somewhere, and every operation is told", async () => {
    const { body } = await call("GET", "/api/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    const references = JSON.stringify(body).match(/"\$ref":"[^"]+"/g) ?? [];
    expect(references.length).toBeGreaterThan(10);
    for (const reference of references) {
      const path = (JSON.parse(`{${reference}}`) as { $ref: string }).$ref.slice(2).split("/");
      expect([reference, path.reduce((at, name) => at?.[name], body) !== undefined]).toEqual([
        reference,
        true,
      ]);
    }
    const paths: Record<string, Record<string, { summary?: string }>> = body.paths;
    expect(Object.keys(paths)).toContain("/api/v1/rooms/{room}/messages");
    for (const [path, methods] of Object.entries(paths)) {
      for (const operation of Object.values(methods)) {
        expect([path, operation.summary]).toEqual([path, expect.any(String)]);
      }
    }
    const page = await call("GET", "/api");
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
    expect(page.body).not.toMatch(/<script(?![^>]*src=)/);
  });

  test("[AD2] health tells states and nothing else", async () => {
    expect((await call("GET", "/health")).body).toEqual({ status: "ok" });
    expect((await call("GET", "/ready")).body).toEqual({
      status: "ready",
      components: { database: "ok", broker: "ok" },
    });
  });
});

test("[A7] [I-17] signing out closes the session's sockets within two seconds", async () => {
  const { token } = await guest("Leaver");
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws`);
  const closed = once(socket, "close");
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "sign_in", id: 1, token }));
  const [reply] = (await once(socket, "message")) as [MessageEvent<string>];
  expect(JSON.parse(reply.data)).toMatchObject({ type: "reply", id: 1 });
  const start = performance.now();
  await send("DELETE", "/api/v1/sessions/current", token);
  const [event] = (await closed) as [CloseEvent];
  expect(event.code).toBe(4401);
  expect(performance.now() - start).toBeLessThan(2_000);
});

test("[I-29] no token, password or secret reached the log", async () => {
  const canary = "canary-7f3a9b-password";
  const { token } = await guest("Canary");
  await send("GET", "/api/v1/me", token);
  await call("GET", `/api/v1/me?token=${token}`);
  await call("POST", "/api/v1/sessions", {
    headers: json,
    body: JSON.stringify({ username: "grace", password: canary }),
  });
  await call("POST", "/api/v1/sessions", { headers: json, body: `{"password":"${canary}` });
  const log = logged.join("");
  expect(log).toContain("server_listening");
  expect(log).not.toContain(canary);
  // The secret part may contain the separator itself.
  expect(log).not.toContain(token.split("_").slice(2).join("_"));
  expect(log).not.toContain((await readFile(join(directory, "data/secret"), "utf8")).trim());
});

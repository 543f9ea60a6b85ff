/** RELIABILITY 4.6, the lines that touch what exists: hostile strings, operators' routes, names of people. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Scene, Speaker } from "./scene.ts";

let scene: Scene;
let token: string;

beforeAll(async () => {
  scene = await Scene.start();
  const answer = await send("POST", "/guests", { name: "Visitor" });
  token = ((await answer.json()) as { token: string }).token;
});
afterAll(() => scene.close());

function send(method: string, path: string, body?: unknown, bearer?: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${scene.server.port}/api/v1${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const hostile = [
  "'; DROP TABLE events; --",
  '" OR 1=1 --',
  "%' OR '1'='1",
  "_%_%",
  "\\'; SELECT 1; \\",
  "$(reboot)`id`",
  "(a+)+$",
  "{{7*7}}${7*7}",
];

describe("hostile strings", () => {
  test("[R6] are text wherever they are written, and come back as they were", async () => {
    for (const [index, text] of hostile.entries()) {
      const made = await send(
        "POST",
        "/rooms",
        { kind: "public", title: text, room: `r6-${index}` },
        token,
      );
      expect(made.status).toBe(201);
      expect(await made.json()).toMatchObject({ title: text });
      const path = `/rooms/r6-${index}`;
      expect((await send("POST", `${path}/messages`, { text }, token)).status).toBe(201);
      const page = (await (await send("GET", `${path}/messages`, undefined, token)).json()) as {
        events: { data: { text?: string } }[];
      };
      expect(page.events.at(-1)?.data.text).toBe(text);
      expect(await (await send("GET", path, undefined, token)).json()).toMatchObject({
        title: text,
      });
    }
    const rooms = (await (await send("GET", "/rooms", undefined, token)).json()) as {
      joined: unknown[];
    };
    expect(rooms.joined).toHaveLength(hostile.length);
  });

  test("[R6] are refused where a name has a form", async () => {
    for (const text of hostile) {
      const room = encodeURIComponent(text);
      const asked = await send("GET", `/rooms/${room}`, undefined, token);
      expect([400, 404]).toContain(asked.status);
      const account = { username: text, password: "correct horse battery" };
      expect((await send("POST", "/accounts", account)).status).toBe(400);
      const session = await send("POST", "/sessions", { ...account, username: text });
      expect([400, 401]).toContain(session.status);
    }
  });
});

test("[AD1] operators' routes are closed to everybody else, without a word about them", async () => {
  const routes = [
    ["GET", "/admin/connections"],
    ["GET", "/admin/keys"],
    ["POST", "/admin/keys"],
    ["DELETE", "/admin/keys/x"],
    ["GET", "/admin/users"],
    ["POST", "/admin/users"],
    ["POST", "/admin/users/x/disable"],
    ["POST", "/admin/users/x/enable"],
  ] as const;
  for (const [method, path] of routes) {
    const body = method === "POST" ? {} : undefined;
    const nobody = await send(method, path, body);
    expect([path, nobody.status]).toEqual([path, 401]);
    const guest = await send(method, path, body, token);
    expect([path, [403, 404].includes(guest.status)]).toEqual([path, true]);
    expect(JSON.stringify(await guest.json())).not.toMatch(/admin|scope|key/i);
  }
});

test("[X6] names that could be taken for somebody else's are refused for accounts", async () => {
  const names = [
    "admin",
    "Admin",
    "root",
    "system",
    "\u0430dmin",
    "a b",
    "a\u200bb",
    "\u202eadmin",
    "x".repeat(1_024),
    "",
  ];
  for (const username of names) {
    const made = await send("POST", "/accounts", { username, password: "correct horse battery" });
    expect([username.slice(0, 10), made.status >= 400 && made.status < 500]).toEqual([
      username.slice(0, 10),
      true,
    ]);
  }
  const fine = await send("POST", "/accounts", {
    username: "grace",
    password: "correct horse battery",
  });
  expect(fine.status).toBe(201);
});

describe("what is private", () => {
  const content = "for two people only";
  let room: string;
  let file: string;
  let stranger: string;

  const get = (path: string, headers: Record<string, string>, method = "GET"): Promise<Response> =>
    fetch(`http://127.0.0.1:${scene.server.port}/api/v1${path}`, { method, headers });
  const as = (bearer: string, more = {}) => ({ authorization: `Bearer ${bearer}`, ...more });

  beforeAll(async () => {
    const guest = await send("POST", "/guests", { name: "Stranger" });
    stranger = ((await guest.json()) as { token: string }).token;
    const made = await send("POST", "/rooms", { kind: "private", title: "Two" }, token);
    room = ((await made.json()) as { room: string }).room;
    const owner = await new Speaker(scene.socketUrl).opened();
    await owner.ask({ type: "sign_in", token });
    const bytes = Buffer.from(content);
    const upload = { room, name: "a.txt", bytes: bytes.length };
    const begun = await owner.ask({ type: "begin_upload", ...upload });
    const { upload_id } = begun["result"] as { upload_id: string };
    const piece = { upload_id, index: 0, content: bytes.toString("base64") };
    await owner.ask({ type: "upload_piece", ...piece });
    const end = { upload_id, client_message_id: "file" };
    expect(await owner.ask({ type: "finish_upload", ...end })).toMatchObject({ type: "reply" });
    file = upload_id;
    owner.socket.terminate();
  });

  test("[R7] is not there for others, whatever they know of it already", async () => {
    const own = await get(`/files/${file}`, as(token));
    expect(await own.text()).toBe(content);
    const etag = own.headers.get("etag") ?? "";
    const absent = await (await get("/files/f_absent", as(stranger))).text();
    for (const more of [
      {},
      { "if-none-match": etag },
      { "if-none-match": "*" },
      { range: "bytes=0-3" },
      { range: "bytes=0-3", "if-range": etag },
      { "if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT" },
    ]) {
      const answer = await get(`/files/${file}`, as(stranger, more));
      expect([answer.status, answer.headers.get("etag")]).toEqual([404, null]);
      expect(await answer.text()).toBe(absent);
      for (const path of ["messages", "members", "files"]) {
        expect((await get(`/rooms/${room}/${path}`, as(stranger, more))).status).toBe(404);
      }
    }
    // HEAD is a method of nothing here, so it tells nobody whether a thing is there.
    const heads = [`/files/${file}`, "/files/f_absent"].map(async (path) => {
      const { status, headers } = await get(path, as(stranger), "HEAD");
      return [status, headers.get("content-length"), headers.get("etag")];
    });
    const [there, away] = await Promise.all(heads);
    expect(there).toEqual(away);
  });

  test("[R8] no answer to somebody may be kept, or given to somebody else", async () => {
    const document = (await (
      await fetch(`http://127.0.0.1:${scene.server.port}/api/openapi.json`)
    ).json()) as { paths: Record<string, Record<string, unknown>> };
    const paths = Object.entries(document.paths)
      .filter(([path, methods]) => path.startsWith("/api/v1/") && "get" in methods)
      .map(([path]) =>
        path
          .slice("/api/v1".length)
          .replace("{room}", room)
          .replace("{file}", file)
          .replace(/\{[^}]*\}/g, "x"),
      );
    expect(paths.length).toBeGreaterThan(10);
    for (const path of paths) {
      for (const bearer of [token, stranger]) {
        const forged = { "x-forwarded-host": "evil.example", host: "evil.example" };
        const answer = await get(path, as(bearer, forged));
        expect([path, answer.headers.get("cache-control")]).toEqual([
          path,
          expect.stringContaining("no-store"),
        ]);
        expect([path, answer.headers.get("vary")]).toEqual([
          path,
          expect.stringContaining("Authorization"),
        ]);
        expect(answer.status).toBeLessThan(500);
        const said = (await answer.text()) + JSON.stringify([...answer.headers]);
        expect(said).not.toContain("evil.example");
      }
    }
  });
});

describe("rates", () => {
  const burst = 12;
  let limited: Scene;
  let people: string[];

  beforeAll(async () => {
    limited = await Scene.start({
      PARLANCE_TRUSTED_PROXIES: "127.0.0.1",
      PARLANCE_RATE_LIMITS: JSON.stringify([
        { per: "network", per_second: 0.001, burst },
        { per: "user", per_second: 0.001, burst: 4 },
        { per: "user", of: "reads", per_second: 0.001, burst: 4 },
      ]),
    });
    people = await Promise.all(
      Array.from({ length: 9 }, async (_, n) => {
        const answer = await fetch(`${limited.server.url}/api/v1/guests`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ name: `Guest ${n}` }),
        });
        return ((await answer.json()) as { token: string }).token;
      }),
    );
  });
  afterAll(() => limited.close());

  async function write(
    person: number,
    from: string,
    { path = "", headers = {} }: { path?: string; headers?: Record<string, string> } = {},
  ): Promise<number> {
    const url = `${limited.server.url}${path === "" ? "/api/v1/rooms/rated/messages" : path}`;
    const answer = await fetch(url, {
      method: "POST",
      headers: {
        authorization: `Bearer ${people[person]}`,
        "content-type": "application/json",
        "x-forwarded-for": from,
        ...headers,
      },
      body: JSON.stringify({ text: "x" }),
    });
    if (answer.status === 429) {
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect(answer.headers.get("ratelimit-remaining")).toBe("0");
      const { error } = (await answer.json()) as { error: { retry: string; details: object } };
      expect(error).toMatchObject({ retry: "later", details: { per: expect.any(String) } });
    }
    return answer.status;
  }

  test("[R9] a user has one bucket, however the requests differ", async () => {
    const tries = [
      () => write(0, "192.0.2.1"),
      () => write(0, "192.0.2.2", { headers: { "x-real-ip": "192.0.2.77" } }),
      () => write(0, "198.51.100.7", { path: "/api/v1/rooms/rated/messages?again=1" }),
      () => write(0, "2001:db8:9::1", { headers: { "user-agent": "another" } }),
      () => write(0, "192.0.2.3", { path: "/api/v1/rooms/other/messages" }),
      () => write(0, "192.0.2.4", { headers: { "x-client-ip": "203.0.113.9", via: "1.1 x" } }),
    ];
    const got: number[] = [];
    for (const one of tries) got.push(await one());
    // What is no address of the API costs nothing and gets nothing.
    expect(await write(0, "192.0.2.5", { path: "/API/V1/Rooms/rated/Messages" })).toBe(404);
    expect(got.filter((status) => status === 429).length).toBe(2);
    const speaker = await new Speaker(limited.socketUrl).opened();
    await speaker.ask({ type: "sign_in", token: people[0] });
    const answer = await speaker.ask({
      type: "publish",
      room: "rated",
      text: "by another dialect",
      client_message_id: "d1",
    });
    expect(answer).toMatchObject({ type: "error", code: "rate_limited", details: { per: "user" } });
    speaker.socket.terminate();
    expect(await write(1, "192.0.2.9")).toBe(201);
  });

  test("[R9] lists of people are reads, too", async () => {
    const list = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${people[7]}` };
      return (await fetch(`${limited.server.url}/api/users`, { headers })).status;
    };
    const got: number[] = [];
    for (let n = 0; n < 6; n += 1) got.push(await list());
    expect(got).toEqual([200, 200, 200, 200, 429, 429]);
  });

  test("[R9] a network has one bucket: an IPv6 /64, and whatever stands before the proxy's own word", async () => {
    let done = 0;
    for (let n = 0; n < 5; n += 1) {
      for (const person of [2, 3, 4, 5]) {
        const spoofed = `203.0.113.${n * 4 + person}, 2001:db8:7:7:${n}::${person}`;
        if ((await write(person, spoofed)) === 201) done += 1;
      }
    }
    expect(done).toBe(burst);
    // The same people from elsewhere, and others on the next network, are not in it.
    expect(await write(6, "2001:db8:7:8::1")).toBe(201);
  });
});

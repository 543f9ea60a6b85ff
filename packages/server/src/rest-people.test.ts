/** Who people are over REST, and that no route tells of somebody invisible. */
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
  directory = await mkdtemp(join(tmpdir(), "rest-people-"));
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
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

async function guest(name: string): Promise<{ readonly token: string; readonly id: string }> {
  const { body } = await send("POST", "/api/v1/guests", undefined, { name });
  return { token: body.token, id: body.user.id };
}

test("a profile is set, read by those in a room with it, and is nobody else's", async () => {
  const [ann, bob, cat] = [await guest("Ann"), await guest("Bob"), await guest("Cat")];
  const changes = { title: "Cook", status: { emoji: "🍲", text: "at the stove" } };
  const set = await send("PATCH", "/api/v1/me/profile", ann.token, { name: "Ann B.", ...changes });
  expect(set).toEqual({ status: 200, body: { own: { name: "Ann B.", ...changes } } });
  expect((await send("GET", "/api/v1/me/profile", ann.token)).body.own).toEqual(set.body.own);
  const card = `/api/v1/users/${ann.id}/profile`;
  expect((await send("GET", card, bob.token)).status).toBe(404);
  const made = await send("POST", "/api/v1/rooms", ann.token, { kind: "private", title: "Us" });
  const room = made.body.room as string;
  await send("PUT", `/api/v1/rooms/${room}/members/${bob.id}`, ann.token, {});
  expect((await send("GET", card, bob.token)).body.person).toMatchObject({
    user: { id: ann.id, name: "Ann B." },
    ...changes,
    state: "offline",
  });
  expect((await send("GET", `${card}?room=${room}`, bob.token)).status).toBe(200);
  const people = await send("GET", `/api/v1/rooms/${room}/people`, bob.token);
  expect(people.body.people.map((one: { user: { name: string } }) => one.user.name)).toContain(
    "Ann B.",
  );
  for (const path of [card, `${card}?room=${room}`, `/api/v1/rooms/${room}/people`]) {
    expect((await send("GET", path, cat.token)).status).toBe(404);
    expect((await send("GET", path)).status).toBe(401);
  }
  const refused = await send("PATCH", "/api/v1/me/profile", ann.token, { name: "Administrator" });
  expect(refused).toMatchObject({ status: 400 });
});

test("a picture is served as what it is, runs nothing, and is gone when it is replaced", async () => {
  const ann = await guest("Ann");
  const bytes = Buffer.alloc(40);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  bytes.set([0, 0, 0, 64, 0, 0, 0, 64], 16);
  const data = bytes.toString("base64");
  const set = await send("PUT", "/api/v1/me/picture", ann.token, { data });
  const address = `${server.url}/api/v1/pictures/${set.body.own.picture}`;
  const picture = await fetch(address);
  expect(picture.headers.get("content-type")).toBe("image/png");
  expect(picture.headers.get("x-content-type-options")).toBe("nosniff");
  expect(picture.headers.get("content-security-policy")).toContain("sandbox");
  expect(Buffer.from(await picture.arrayBuffer()).equals(bytes)).toBe(true);
  const html = Buffer.from("<script>alert(1)</script>").toString("base64");
  expect((await send("PUT", "/api/v1/me/picture", ann.token, { data: html })).status).toBe(400);
  expect((await send("DELETE", "/api/v1/me/picture", ann.token)).body.own).toEqual({ name: "Ann" });
  expect((await fetch(address)).status).toBe(404);
});

test("[Z9] [R2] a profile far beyond its schema is refused whole, and what is none of it is left out", async () => {
  const [ann, bob] = [await guest("Ann"), await guest("Bob")];
  const place = "/api/v1/me/profile";
  const kept = { about: "as it was" };
  await send("PATCH", place, ann.token, kept);
  const before = (await send("GET", place, ann.token)).body.own;
  const long = "x".repeat(100_000);
  for (const wrong of [
    { title: long },
    { about: long },
    { about: 7 },
    { about: ["as", "a", "list"] },
    { about: { $ne: null } },
    { about: "\u0000" },
    { pronouns: "two\nlines" },
    { time_zone: "Mars/Olympus" },
    { availability: "everywhere" },
    { availability_until: "soon" },
    { status: {} },
    { status: { text: long } },
    { status: { emoji: "<img src=x onerror=alert(1)>" } },
    { status: { text: "x", until: 1e20 } },
    { about: "half of it", title: long },
    [],
    "text",
    7,
  ]) {
    const { status } = await send("PATCH", place, ann.token, wrong);
    expect([JSON.stringify(wrong).slice(0, 60), [400, 413].includes(status)]).toEqual([
      JSON.stringify(wrong).slice(0, 60),
      true,
    ]);
  }
  const body = `{"about":"${"x".repeat(3_000_000)}"}`;
  const huge = await fetch(`${server.url}${place}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${ann.token}`, "content-type": "application/json" },
    body,
  });
  expect(huge.status).toBe(413);
  const odd =
    '{"__proto__":{"about":"x"},"constructor":{"prototype":{"isAdmin":true}},"is_admin":true,"id":"u_x","kind":"service"}';
  const passed = await fetch(`${server.url}${place}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${ann.token}`, "content-type": "application/json" },
    body: odd,
  });
  expect([200, 400]).toContain(passed.status);
  expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  expect((await send("GET", place, ann.token)).body.own).toEqual(before);
  expect((await send("GET", "/api/v1/admin/users", ann.token)).status).not.toBe(200);
  for (const data of ["", "not base64", "PHN2Zz48L3N2Zz4=", "A".repeat(200_000), 7, {}]) {
    const { status } = await send("PUT", "/api/v1/me/picture", ann.token, { data });
    expect([400, 413]).toContain(status);
  }
  const set = await send("PATCH", place, bob.token, { about: "a bystander" });
  expect(set).toMatchObject({ status: 200, body: { own: { about: "a bystander" } } });
});

test("the routes of the Symfony chat know nothing of somebody invisible either", async () => {
  const [ann, bob] = [await guest("Ann"), await guest("Bob")];
  const statusOf = async (): Promise<string> => {
    const { body } = await send("GET", "/api/users", bob.token);
    const users = body as { readonly username: string; readonly status: string }[];
    return users.findLast(({ username }) => username === "Ann")?.status ?? "absent";
  };
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws`);
  try {
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    const answered = new Promise((resolve) => socket.addEventListener("message", resolve));
    socket.send(JSON.stringify({ type: "sign_in", id: 1, token: ann.token }));
    await answered;
    expect(await statusOf()).toBe("online");
    const dnd = { availability: "dnd" };
    await send("PATCH", "/api/v1/me/profile", ann.token, dnd);
    expect(await statusOf()).toBe("busy");
    await send("PATCH", "/api/v1/me/profile", ann.token, { availability: "invisible" });
    expect(await statusOf()).toBe("offline");
  } finally {
    socket.close();
  }
});

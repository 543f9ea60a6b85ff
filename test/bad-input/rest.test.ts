/** RELIABILITY 4.6, the lines that touch what exists: hostile strings, operators' routes, names of people. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Scene } from "./scene.ts";

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

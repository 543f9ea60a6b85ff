/** A right that ended ends what reaches the sockets of the JSON dialects, within two seconds. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { signToken } from "@parlance/identity";
import { generateToken } from "@parlance/publisher";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Frame, Line, until } from "./line.ts";
import { oneRoom, secret } from "./speaker.ts";

let directory: string;
let server: ServerProcess;
/** Of an operator's tool and back end at once. */
let key: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-rights-"));
  server = new ServerProcess(await freePort(), directory, oneRoom);
  await server.start();
  key = await signToken(secret, {
    user: "service:test",
    ttlSeconds: 3_600,
    now: Date.now(),
    scopes: ["publish", "read", "rooms", "admin"],
  });
}, 60_000);
afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const endsWithinMs = 2_000;

async function send(method: string, path: string, body?: object, token = key): Promise<Frame> {
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  expect(answer.ok, `${method} ${path}: ${answer.status} ${text}`).toBe(true);
  return text === "" ? {} : (JSON.parse(text) as Frame);
}

/** Somebody who listens to a room over one of the two dialects, and when each message came. */
class Listener {
  readonly dialect: "mmb" | "symfony-chat";
  readonly line: Line;
  readonly heard: { readonly text: string; readonly at: number }[];

  private constructor(dialect: Listener["dialect"], line: Line, heard: Listener["heard"]) {
    this.dialect = dialect;
    this.line = line;
    this.heard = heard;
  }

  static async open(dialect: Listener["dialect"], token: string, room: string): Promise<Listener> {
    const heard: { text: string; at: number }[] = [];
    const line = await Line.open(`${server.url}/${dialect}`, (frame) => {
      const text = frame["type"] === "message" ? frame["message"] : frame["content"];
      if (typeof text === "string") heard.push({ text, at: performance.now() });
    });
    line.send({ type: "auth", token });
    if (dialect === "mmb") line.send({ type: "join", room });
    else line.send({ type: "join_room", roomId: room });
    await line.until({ type: "room_joined" });
    return new Listener(dialect, line, heard);
  }
}

/** Writes on and on into a room. */
class Stream {
  readonly #room: string;
  readonly texts: string[] = [];
  #isWanted = true;
  readonly #done: Promise<void>;

  constructor(room: string) {
    this.#room = room;
    this.#done = this.#write();
  }

  async #write(): Promise<void> {
    while (this.#isWanted) {
      const text = `line ${this.texts.length + 1} of ${this.#room}`;
      await send("POST", `/rooms/${this.#room}/messages`, { text });
      this.texts.push(text);
      await sleep(40);
    }
  }

  async end(): Promise<void> {
    this.#isWanted = false;
    await this.#done;
  }
}

/**
 * Lets `act` end the rights of some while others stay. Those hear everything, these nothing from two seconds after it,
 * although more is written.
 */
async function expectEnd(
  room: string,
  parties: { readonly ended: readonly Listener[]; readonly staying: readonly Listener[] },
  act: () => Promise<unknown>,
): Promise<void> {
  const stream = new Stream(room);
  const all = [...parties.ended, ...parties.staying];
  for (const { heard, dialect } of all) {
    await until(() => heard.length >= 3, `${dialect} to hear`);
  }
  await act();
  const ended = performance.now();
  await sleep(endsWithinMs + 1_500);
  await stream.end();
  for (const { heard, dialect } of parties.ended) {
    const late = heard.filter(({ at }) => at > ended + endsWithinMs);
    expect(late, dialect).toEqual([]);
  }
  for (const { heard, dialect, line } of parties.staying) {
    await until(() => heard.length >= stream.texts.length, `${dialect} to hear everything`);
    expect(
      heard.map(({ text }) => text),
      dialect,
    ).toEqual(stream.texts);
    expect(line.closedWith).toBeUndefined();
  }
  const written = stream.texts.length;
  for (const { heard, dialect } of parties.ended) {
    expect(heard.length, `${dialect}, of ${written}`).toBeLessThan(written - 10);
  }
  for (const { line } of all) line.cut();
}

const dialects = ["mmb", "symfony-chat"] as const;

/** The same on both wires, each with a token of its own. */
function openBoth(room: string, token: () => string | Promise<string>): Promise<Listener[]> {
  return Promise.all(dialects.map(async (dialect) => Listener.open(dialect, await token(), room)));
}

const jwt = (user: string | number, ttlSeconds = 600): string =>
  generateToken(user, ttlSeconds, { secret });

async function guest(): Promise<string> {
  const answer = await fetch(`${server.url}/api/v1/guests`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "Gus" }),
  });
  return ((await answer.json()) as { token: string }).token;
}

/** The code that a new connection with that token is refused with. */
async function refusal(dialect: Listener["dialect"], token: string): Promise<unknown> {
  const line = await Line.open(`${server.url}/${dialect}`);
  line.send({ type: "auth", token });
  const error = await line.until({ type: "error" });
  line.cut();
  return error["code"];
}

describe("[I-14] [I-17] nothing more reaches the sockets", () => {
  test("of a user who is disabled, who does not come in again either", async () => {
    const room = "rights-disabled";
    const ended = await openBoth(room, () => jwt("mallory"));
    const staying = await openBoth(room, () => jwt("alice"));
    await expectEnd(room, { ended, staying }, () => send("POST", "/admin/users/mallory/disable"));
    for (const { line } of ended) expect(line.closedWith).toBeDefined();
    for (const dialect of dialects) expect(await refusal(dialect, jwt("mallory"))).toBe("banned");
  }, 60_000);

  test("of a session that was signed out", async () => {
    const room = "rights-signed-out";
    const token = await guest();
    const ended = await openBoth(room, () => token);
    const staying = await openBoth(room, guest);
    await expectEnd(room, { ended, staying }, () =>
      send("DELETE", "/sessions/current", undefined, token),
    );
    for (const dialect of dialects) expect(await refusal(dialect, token)).toBe("unauthenticated");
  }, 60_000);

  test("of a key that was revoked", async () => {
    const room = "rights-key";
    const made = await send("POST", "/admin/keys", { name: "reader", scopes: ["read"] });
    const token = String(made["token"]);
    const ended = await openBoth(room, () => token);
    const staying = await openBoth(room, () => jwt("alice"));
    await expectEnd(room, { ended, staying }, () => send("DELETE", `/admin/keys/${idOf(made)}`));
    for (const dialect of dialects) expect(await refusal(dialect, token)).toBe("unauthenticated");
  }, 60_000);

  test("of a token that is over", async () => {
    const room = "rights-expired";
    const staying = await openBoth(room, () => jwt("alice"));
    const lifeSeconds = 5;
    const since = performance.now();
    const ended = await openBoth(room, () => jwt("mallory-2", lifeSeconds));
    await expectEnd(room, { ended, staying }, () =>
      sleep(Math.max(0, since + lifeSeconds * 1_000 - performance.now())),
    );
    for (const { line } of ended) expect(line.closedWith).toBe(4401);
  }, 60_000);

  test("of somebody who was put out of a private room, while the connection goes on", async () => {
    const made = await send("POST", "/rooms", { kind: "private", title: "The board" });
    const room = String(made["room"]);
    for (const user of ["mallory-3", "alice"]) {
      // Known since a token named it.
      await Listener.open("mmb", jwt(user), "lobby").then(({ line }) => line.cut());
      await send("PUT", `/rooms/${room}/members/${user}`, { role: "member" });
    }
    const ended = await openBoth(room, () => jwt("mallory-3"));
    const staying = await openBoth(room, () => jwt("alice"));
    await expectEnd(room, { ended, staying }, async () => {
      await send("DELETE", `/rooms/${room}/members/mallory-3`);
      for (const { line } of ended) await line.until({ type: "error", code: "not_found" });
    });
    // As if it did not exist.
    const again = await Line.open(`${server.url}/mmb`);
    again.send({ type: "auth", token: jwt("mallory-3") });
    for (const name of [room, "r_nosuchroom"]) again.send({ type: "join", room: name });
    await until(() => again.frames.filter(({ type }) => type === "error").length === 2, "refusals");
    const [first, second] = again.frames.filter(({ type }) => type === "error");
    expect({ ...first, details: undefined }).toEqual({ ...second, details: undefined });
    again.cut();
  }, 60_000);
});

function idOf(made: Frame): string {
  const id = made["id"] ?? (made["key"] as Frame | undefined)?.["id"];
  expect(typeof id, JSON.stringify(made)).toBe("string");
  return String(id);
}

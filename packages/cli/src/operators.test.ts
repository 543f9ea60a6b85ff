/** What operators do to people and rooms, at a terminal, on a server that runs. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });
const patience = { timeout: 60_000, interval: 100 };

const program = fileURLToPath(new URL("../bin/parlance.js", import.meta.url));
let directory: string;
let server: ServerProcess;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "operators-"));
  server = new ServerProcess(await freePort(), join(directory, "data"));
  await server.start();
});
afterAll(async () => {
  await server.kill();
  await rm(directory, { recursive: true, force: true });
});

function begin(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [program, ...args], {
    cwd: directory,
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function run(...args: readonly string[]) {
  const child = begin(args);
  if (child.stdout === null || child.stderr === null) throw new Error("no output");
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number]>,
  ]);
  return { code, out, err };
}

async function signIn(user: string): Promise<{ closedWith: number | undefined }> {
  const token = (await run("token", "--user", user)).out.trim();
  const socket = new WebSocket(server.socketUrl);
  const seen: { closedWith: number | undefined } = { closedWith: undefined };
  socket.addEventListener("close", ({ code }) => {
    seen.closedWith = code;
  });
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  socket.send(JSON.stringify({ type: "sign_in", id: 1, token }));
  await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
  return seen;
}

test("ban ends what a user has open and keeps it out; unban lets it in; kick ends one connection", async () => {
  const mallory = await signIn("mallory");
  const banned = await run("ban", "mallory", "--reason", "floods");
  expect(banned).toMatchObject({ code: 0, out: "mallory is disabled.\n" });
  await expect.poll(() => mallory.closedWith, patience).toBe(4401);
  expect(server.output).toMatch(/"by":"service:parlance-cli","reason":"floods"/);
  expect((await run("ban", "nobody-of-that-name")).code).toBe(1);
  expect((await run("unban", "mallory")).code).toBe(0);
  const again = await signIn("mallory");
  expect(again.closedWith).toBeUndefined();
  const { connections } = JSON.parse(
    (await run("connections", "--user", "mallory", "--json")).out,
  ) as {
    connections: readonly { connection_id: string }[];
  };
  const id = connections[0]?.connection_id ?? "";
  expect(await run("kick", "--connection", id)).toMatchObject({ code: 0, out: `Ended ${id}.\n` });
  await expect.poll(() => again.closedWith, patience).toBe(4510);
});

/** Calls the REST API as a user. */
async function rest(token: string, method: string, path: string, body?: object) {
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? {} : JSON.parse(text) };
}

test("kick puts somebody out of a room, who hears and reads nothing of it any more; rooms show tells who is left", async () => {
  const [owner = "", eve = ""] = (
    await Promise.all(["owner", "eve"].map((user) => run("token", "--user", user)))
  ).map(({ out }) => out.trim());
  const made = await rest(owner, "POST", "/rooms", { kind: "private", title: "Plans" });
  const { room } = made.body as { room: string };
  const socket = new WebSocket(server.socketUrl);
  const frames: { type: string; room?: string; id?: number; code?: string }[] = [];
  socket.addEventListener("message", ({ data }) => frames.push(JSON.parse(String(data))));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  socket.send(JSON.stringify({ type: "sign_in", id: 1, token: eve }));
  await expect.poll(() => frames.map(({ id }) => id), patience).toContain(1);
  expect((await rest(owner, "PUT", `/rooms/${room}/members/eve`, {})).status).toBe(200);
  socket.send(JSON.stringify({ type: "subscribe", id: 2, room }));
  await expect.poll(() => frames.find(({ id }) => id === 2)?.type, patience).toBe("reply");
  await rest(owner, "POST", `/rooms/${room}/messages`, { text: "for both" });
  await expect.poll(() => frames.map(({ type }) => type), patience).toContain("message.created");

  const shown = async () => {
    const { out } = await run("rooms", "show", room, "--json");
    const { members, messages, online, member_list } = JSON.parse(out) as {
      members: number;
      messages: number;
      online: number;
      member_list: readonly { user: { id: string }; role: string }[];
    };
    const list = member_list.map(({ user, role }) => [user.id, role]);
    return { members, messages, online, list };
  };
  expect(await shown()).toEqual({
    members: 2,
    messages: 1,
    online: 1,
    list: [
      ["owner", "owner"],
      ["eve", "member"],
    ],
  });
  const words = (await run("rooms", "show", room)).out;
  expect(words).toMatch(/: Plans\n {2}private, 1 online\n/);
  expect(words).toMatch(/ {2}2 members\n {4}owner .*\n {4}eve /);

  const kicked = await run("kick", room, "eve");
  expect(kicked).toMatchObject({ code: 0, out: `Put eve out of ${room}.\n` });
  await expect.poll(() => frames.map(({ type }) => type), patience).toContain("unsubscribed");
  await rest(owner, "POST", `/rooms/${room}/messages`, { text: "for one" });
  expect((await rest(eve, "GET", `/rooms/${room}/messages`)).status).toBe(404);
  // A connection that goes is waited for a moment before its user is no longer here.
  await expect.poll(shown, patience).toEqual({
    members: 1,
    messages: 2,
    online: 0,
    list: [["owner", "owner"]],
  });
  // What was said since never came: a reply to what was asked afterwards did.
  socket.send(JSON.stringify({ type: "ping", id: 3 }));
  await expect.poll(() => frames.map(({ id }) => id), patience).toContain(3);
  expect(frames.filter(({ type }) => type === "message.created")).toHaveLength(1);
  socket.close();
  // Who is not in it, and a room that is not there.
  expect((await run("kick", room, "eve")).code).toBe(1);
  expect((await run("kick", "there-is-no-such-room", "eve")).code).toBe(1);
  expect(await run("rooms", "show", "there-is-no-such-room")).toMatchObject({ code: 1, out: "" });
});

test("tail shows the last events and goes on through a kill of the server, complete by sequence", async () => {
  for (const n of [1, 2, 3]) await run("publish", `early ${n}`, "--room", "general");
  const last = await run("tail", "general", "-n", "2", "--json");
  const texts = last.out
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { data: { text: string } }).data.text);
  expect(texts).toEqual(["early 2", "early 3"]);

  const follower = begin(["tail", "general", "-f", "-n", "1", "--json"]);
  let out = "";
  follower.stdout?.on("data", (chunk) => {
    out += String(chunk);
  });
  await expect.poll(() => out, patience).toContain("early 3");
  await run("publish", "before the end", "--room", "general");
  await server.kill();
  // Into the spool: it is published by the next start.
  await run("publish", "while it was away", "--room", "general");
  await server.start();
  await run("publish", "afterwards", "--room", "general");
  await expect.poll(() => out, patience).toContain("afterwards");
  const sequences = out
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { sequence: number }).sequence);
  const first = sequences[0] ?? 0;
  expect(sequences).toEqual(sequences.map((_, index) => first + index));
  expect(out).toContain("while it was away");
  follower.kill();
  expect((await run("tail", "there-is-no-such-room")).code).toBe(1);
});

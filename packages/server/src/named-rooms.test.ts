/** Rooms that clients of the dialects find there: made by their first use, and by nobody else. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import { createLog } from "./log.ts";
import { type ParlanceServer, startServer } from "./start.ts";

const started: { server: ParlanceServer; directory: string }[] = [];
const sockets: WebSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  for (const { server, directory } of started.splice(0)) {
    await server.close(0);
    await rm(directory, { recursive: true, force: true });
  }
});

async function start(flags: Record<string, string> = {}): Promise<ParlanceServer> {
  const directory = await mkdtemp(join(tmpdir(), "named-rooms-"));
  const { config } = loadConfig({
    flags: { port: "0", sign_ins_per_minute: "0", ...flags },
    environment: {},
    directory,
  });
  const server = await startServer(config, { log: createLog(config, { write: () => {} }) });
  started.push({ server, directory });
  return server;
}

interface Listed {
  readonly room: string;
  readonly title: string;
  readonly kind: string;
}

interface Person {
  readonly send: (method: string, path: string, body?: unknown) => Promise<Response>;
  /** Rooms to join, by title. */
  readonly discoverable: () => Promise<readonly Listed[]>;
}

async function person({ url }: ParlanceServer, name: string): Promise<Person> {
  const json = { "content-type": "application/json" };
  const made = await fetch(`${url}/api/v1/guests`, {
    method: "POST",
    headers: json,
    body: JSON.stringify({ name }),
  });
  const { token } = (await made.json()) as { token: string };
  const send = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : json) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const discoverable = async (): Promise<readonly Listed[]> => {
    const answer = await send("GET", "/rooms");
    return ((await answer.json()) as { discoverable: Listed[] }).discoverable;
  };
  return { send, discoverable };
}

const titles = async (who: Person): Promise<string[]> =>
  (await who.discoverable()).map(({ title }) => title);

/** A client of a dialect comes, says something, and stays until the end of the test. */
async function visit({ url }: ParlanceServer, path: string, frame: unknown): Promise<void> {
  const socket = new WebSocket(`${url.replace("http", "ws")}${path}`);
  sockets.push(socket);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error(`no ${path}`)));
  });
  socket.send(JSON.stringify(frame));
}

test("a fresh install has one room to join; a dialect's is there once its first client came", async () => {
  const server = await start();
  const ann = await person(server, "ann");
  expect(await titles(ann)).toEqual(["General"]);
  await visit(server, "/chatlogger", { username: "Bob", message: "hello" });
  await expect.poll(() => titles(ann)).toEqual(["ChatLogger", "General"]);
  await visit(server, "/wss", { type: "chat", message: "hello" });
  await expect
    .poll(() => titles(ann))
    .toEqual(["ChatLogger", "General", "Notifications", "PorticoEstate"]);
});

test("nobody else makes them, by name or by title, and each is of its kind", async () => {
  const server = await start({ portico_notification_room: "board" });
  const ann = await person(server, "ann");
  for (const room of ["chatlogger", "portico_chat", "board"]) {
    const made = await ann.send("POST", "/rooms", { kind: "public", title: "Mine", room });
    expect([room, made.status]).toEqual([room, 409]);
  }
  const named = await ann.send("POST", "/rooms", { kind: "public", title: "Board" });
  expect(named.status).toBe(201);
  expect(((await named.json()) as Listed).room).not.toBe("board");
  const body = { text: "x", client_message_id: "k" };
  expect((await ann.send("POST", "/rooms/board/messages", body)).status).toBe(404);
  await visit(server, "/wss", { type: "chat", message: "hello" });
  await expect
    .poll(() => ann.discoverable())
    .toContainEqual(expect.objectContaining({ room: "board", kind: "announcement" }));
  expect((await ann.send("POST", "/rooms/board/messages", body)).status).toBe(403);
});

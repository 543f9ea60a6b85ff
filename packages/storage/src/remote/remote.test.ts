import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Append, Appended } from "@parlance/core";
import { StorageError } from "@parlance/core";
import type { ClientMessageId, EventId, Principal, RoomId, UserId } from "@parlance/protocol";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqlite } from "../sqlite/index.ts";
import type { Store } from "../store.ts";
import { connectStore, type ServedStore, serveStore } from "./index.ts";

const room = "r1" as RoomId;
let directory: string;
let owned: Store;
let path: string;
const opened: (() => Promise<void>)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "parlance-remote-"));
  path = join(directory, "store");
  owned = await openSqlite({ directory, readers: 1 });
});
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
  await owned.close();
  await rm(directory, { recursive: true });
});

async function serve(store: Store = owned): Promise<ServedStore> {
  const served = await serveStore(store, path);
  opened.push(() => served.close());
  return served;
}

async function open(at = path): Promise<Store> {
  const store = await connectStore(at);
  opened.push(() => store.close());
  return store;
}

function message(id: string): Append {
  return {
    room,
    id: id as EventId,
    author: "u1" as UserId,
    principal: "u1" as Principal,
    clientMessageId: id as ClientMessageId,
    time: 1,
    event: { type: "message.created", data: { text: id, author_name: "Ada" } },
  };
}

async function makeRoom(store: Store): Promise<void> {
  await store.log.open(room, { kind: "public", title: "Room", createdAt: 1 });
}

/** The effect of a call that failed. */
async function effectOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "done";
  } catch (error) {
    return error instanceof StorageError ? error.effect : String(error);
  }
}

/** A store whose appends wait until they are let go. */
function held(): { store: Store; letGo: () => void; asked: Append[] } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked: Append[] = [];
  const log = {
    ...owned.log,
    append: async (append: Append): Promise<Appended> => {
      asked.push(append);
      await promise;
      return owned.log.append(append);
    },
  };
  return { store: { ...owned, log, status: owned.status }, letGo: resolve, asked };
}

test("[F-D2] an append whose connection is lost is of unknown effect, and its key finds out", async () => {
  await makeRoom(owned);
  const { store, letGo, asked } = held();
  const served = await serve(store);
  const remote = await open();
  const append = effectOf(remote.log.append(message("m1")));
  await expect.poll(() => asked.length).toBe(1);
  await served.close();
  expect(await append).toBe("unknown");
  letGo();
  await serve();
  await expect.poll(() => effectOf(remote.log.controlHead()), { timeout: 5_000 }).toBe("done");
  const again = await remote.log.append(message("m1"));
  expect(again).toMatchObject({ outcome: "stored", sequence: 1, repeated: true });
});

test("what is asked while nobody answers is known not done", async () => {
  await makeRoom(owned);
  const served = await serve();
  const remote = await open();
  await served.close();
  await expect.poll(() => effectOf(remote.log.append(message("m1")))).toBe("none");
  expect(await effectOf(remote.log.append(message("m2")))).toBe("none");
  expect(await effectOf(remote.log.controlHead())).toBe("none");
  expect((await owned.log.read({ room, after: 0, limit: 10 }))?.events).toEqual([]);
});

test("a read whose connection is lost had no effect", async () => {
  const silent = {
    ...owned,
    log: { ...owned.log, controlHead: () => new Promise<number>(() => {}) },
  };
  const served = await serve({ ...silent, status: owned.status });
  const remote = await open();
  const read = effectOf(remote.log.controlHead());
  // Answered behind it, so it has arrived.
  await remote.directory.listKeys();
  await served.close();
  expect(await read).toBe("none");
});

test("appends of several processes in one turn share a transaction, in the order of each", async () => {
  await makeRoom(owned);
  let batches = 0;
  let underway = 0;
  const log = {
    ...owned.log,
    append: async (append: Append): Promise<Appended> => {
      if (underway === 0) batches += 1;
      underway += 1;
      const stored = await owned.log.append(append);
      underway -= 1;
      return stored;
    },
  };
  await serve({ ...owned, log, status: owned.status });
  const remotes = [await open(), await open(), await open()];
  const all = await Promise.all(
    remotes.flatMap((remote, who) =>
      Array.from({ length: 300 }, (_, turn) => remote.log.append(message(`${who}-${turn}`))),
    ),
  );
  const sequences = all.map((stored) => (stored.outcome === "stored" ? stored.sequence : 0));
  expect(sequences.toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 900 }, (_, index) => index + 1),
  );
  for (const who of [0, 1, 2]) {
    const own = sequences.slice(who * 300, (who + 1) * 300);
    expect(own).toEqual(own.toSorted((a, b) => a - b));
  }
  // Nine hundred would be one at a time.
  expect(batches).toBeLessThan(30);
});

test("what cannot be sent is refused alone", async () => {
  await makeRoom(owned);
  await serve();
  const remote = await open();
  const data = { text: () => "a function" } as unknown as { text: string; author_name: string };
  const broken = remote.log.append({ ...message("m1"), event: { type: "message.created", data } });
  const fine = remote.log.append(message("m2"));
  expect(await effectOf(broken)).toBe("none");
  expect(await fine).toMatchObject({ outcome: "stored", sequence: 1 });
});

test("errors keep their effect, and a bug of the owner is of unknown effect for a write", async () => {
  const log = {
    ...owned.log,
    append: () => Promise.reject(new StorageError("the disk is full", "none")),
    open: () => Promise.reject(new TypeError("a bug")),
  };
  await serve({ ...owned, log, status: owned.status });
  const remote = await open();
  await expect(remote.log.append(message("m1"))).rejects.toMatchObject({
    name: "StorageError",
    message: "the disk is full",
    effect: "none",
  });
  expect(await effectOf(remote.log.open(room))).toBe("unknown");
});

test("calls without an answer are bounded", async () => {
  const { store, letGo } = held();
  await makeRoom(owned);
  await serve(store);
  const remote = await open();
  const append = message("m1");
  const calls = Array.from({ length: 50_000 }, () => effectOf(remote.log.append(append)));
  expect(await effectOf(remote.log.append(append))).toBe("none");
  letGo();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["done"]));
  expect(await remote.log.append(append)).toMatchObject({ sequence: 1, repeated: true });
}, 60_000);

test("closing waits for what was asked and takes nothing more", async () => {
  await makeRoom(owned);
  await serve();
  const remote = await connectStore(path);
  const append = remote.log.append(message("m1"));
  const closed = remote.close();
  expect(await effectOf(remote.log.append(message("m2")))).toBe("none");
  expect(await append).toMatchObject({ outcome: "stored", sequence: 1 });
  await closed;
  expect(remote.status().available).toBe(false);
});

test("large answers come whole through a line that cuts them anywhere", async () => {
  await makeRoom(owned);
  await serve();
  const proxy = await TcpProxy.open({ path }, { path: join(directory, "proxy") });
  opened.push(() => proxy.close());
  const remote = await open(join(directory, "proxy"));
  const text = "x".repeat(16_000);
  const long = (id: string): Append => ({
    ...message(id),
    event: { type: "message.created", data: { text: `${text}${id}`, author_name: "Ada" } },
  });
  await Promise.all(Array.from({ length: 400 }, (_, turn) => remote.log.append(long(`m${turn}`))));
  const pages = await Promise.all(
    Array.from({ length: 8 }, () => remote.log.read({ room, after: 0, limit: 400 })),
  );
  for (const page of pages) expect(page?.events.length).toBe(400);
  expect(pages[7]).toEqual(await owned.log.read({ room, after: 0, limit: 400 }));
});

test("another install behind the socket is not taken for this one", async () => {
  const served = await serve();
  const remote = await open();
  await served.close();
  await serve({ ...owned, installId: "other", status: owned.status });
  expect(await remote.lost).toContain("another install");
  expect(await effectOf(remote.log.controlHead())).toBe("none");
  expect(remote.status().available).toBe(false);
});

test("only its user reaches the socket; a second server is refused while the first lives", async () => {
  await serve();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await expect(serveStore(owned, path)).rejects.toThrow("EADDRINUSE");
  await expect(connectStore(join(directory, "nobody"))).rejects.toMatchObject({ effect: "none" });
});

test("bytes that are no frames end their own connection and no other", async () => {
  await makeRoom(owned);
  await serve();
  const remote = await open();
  for (const bytes of [Buffer.from("GET / HTTP/1.1\r\n\r\n"), Buffer.from([0, 0, 0, 1, 7])]) {
    const socket = connect(path);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.resume();
    socket.write(bytes);
    await closed;
  }
  expect(await remote.log.append(message("m1"))).toMatchObject({ sequence: 1 });
});

test("whoever listens there and speaks something else is no store", async () => {
  const server = createServer((socket) => socket.end(Buffer.from("not a store at all")));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  expect(await effectOf(connectStore(path))).toBe("none");
  await new Promise((resolve) => server.close(resolve));
});

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StorageError } from "@parlance/core";
import { message, publicRoom, roomId } from "@parlance/testkit/contracts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Application, put, sqliteApplication } from "../../test/outbox-applications.ts";
import type { Store } from "../store.ts";
import { openSqlite } from "./index.ts";

const look = { rows: 64, bytes: 1_000 };
let directory: string;
let store: Store;
let application: Application | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "parlance-outbox-"));
  store = await openSqlite({ directory, readers: 1 });
});
afterEach(async () => {
  await application?.close();
  application = undefined;
  await store.close();
  await rm(directory, { recursive: true });
});

/** The file is made, then an application opens it. */
async function connect(of?: string): Promise<Application> {
  await store.outbox.waiting(look);
  application = await sqliteApplication(directory, of);
  return application;
}

const texts = async (): Promise<string[]> =>
  (await store.outbox.waiting(look)).map(({ publication }) => publication);

test("there is no file before somebody looks", async () => {
  expect(existsSync(join(directory, "outbox.sqlite"))).toBe(false);
  await store.outbox.waiting(look);
  expect(existsSync(join(directory, "outbox.sqlite"))).toBe(true);
});

test("an application's own file and the outbox change in one transaction, or neither does", async () => {
  const own = await connect(join(directory, "shop.sqlite"));
  await own.run("CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT)");
  const order = async (what: string, end: "COMMIT" | "ROLLBACK"): Promise<void> => {
    await own.run("BEGIN");
    await own.run("INSERT INTO orders (what) VALUES (?)", what);
    await put(own, what);
    await own.run(end);
  };
  await order("kept", "COMMIT");
  await order("gone", "ROLLBACK");
  expect((await own.run("SELECT what FROM orders")).map(({ what }) => what)).toEqual(["kept"]);
  expect(await texts()).toEqual(["kept"]);
  // With a write-ahead log they would be two transactions for a machine that stops.
  const [mode] = await own.run("PRAGMA parlance.journal_mode");
  expect(mode).toMatchObject({ journal_mode: "delete" });
});

test("an application in the middle of a transaction holds up no send, and what was to be deleted is later", async () => {
  const own = await connect();
  await put(own, "one");
  const rows = await store.outbox.waiting(look);
  await own.run("BEGIN IMMEDIATE");
  const late = store.outbox.done(rows).then(
    () => "done",
    (error: unknown) => error,
  );
  await store.log.open(roomId("r1"), publicRoom);
  for (let n = 0; n < 20; n += 1) await store.log.append(message(`text ${n}`));
  expect(await late).toBeInstanceOf(StorageError);
  await own.run("COMMIT");
  await store.outbox.done(rows);
  expect(await texts()).toEqual([]);
});

test("a column may hold what no text is: the row is found again, and is no publication", async () => {
  const own = await connect();
  const insert = "INSERT INTO outbox (publication, idempotency_key, service) VALUES (?, ?, ?)";
  const latin1 = Buffer.from('{"room":"r1","text":"caf\xe9"}', "latin1");
  await own.run(insert, latin1, Buffer.from("a key"), Buffer.from([0xff]));
  await own.run(insert, 7, 12, 1.5);
  await own.run(insert, Buffer.alloc(0), "語", null);
  await own.run(insert, Buffer.from('{"room":"r1"}'), Buffer.from("bytes"), null);
  const rows = await store.outbox.waiting(look);
  expect(rows.map(({ publication, key }) => [publication, key])).toEqual([
    ["\ufffd", ""],
    ["7.0", "12.0"],
    ["", ""],
    ['{"room":"r1"}', "bytes"],
  ]);
  for (const row of rows.slice(0, 2)) await store.outbox.refuse(row, "no");
  expect(await store.outbox.waiting(look)).toEqual(rows.slice(2));
  await store.outbox.done(rows.slice(2));
  expect(await store.outbox.waiting(look)).toEqual([]);
});

test("[I-22] what was published is not found in the file any more", async () => {
  const own = await connect();
  const secret = "a-secret-text-that-nobody-may-find";
  await put(own, secret.repeat(200));
  const holds = async (): Promise<boolean> =>
    (await readFile(join(directory, "outbox.sqlite"))).includes(secret);
  expect(await holds()).toBe(true);
  await store.outbox.done(await store.outbox.waiting(look));
  expect(await holds()).toBe(false);
});

test("a file that cannot be used is a StorageError, and is used as soon as it can be", async () => {
  await store.close();
  await mkdir(join(directory, "outbox.sqlite"));
  store = await openSqlite({ directory, readers: 1 });
  await expect(store.outbox.waiting(look)).rejects.toThrow(StorageError);
  await store.log.open(roomId("r1"), publicRoom);
  await rm(join(directory, "outbox.sqlite"), { recursive: true });
  await put(await connect(), "one");
  expect(await texts()).toEqual(["one"]);
});

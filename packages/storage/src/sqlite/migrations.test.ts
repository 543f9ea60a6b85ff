/**
 * `fixtures/version-1.db.gz` is a file that the first version of this program wrote: an account, two rooms, four messages
 * and two members.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";
import type { Append } from "@parlance/core";
import type { ClientMessageId, EventId, Principal, RoomId, UserId } from "@parlance/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../store.ts";
import { openSqlite, readSchema } from "./index.ts";

const lobby = "lobby" as RoomId;
let directory: string;
let store: Store | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "parlance-migrations-"));
  const packed = await readFile(join(import.meta.dirname, "fixtures/version-1.db.gz"));
  await writeFile(join(directory, "parlance.db"), gunzipSync(packed));
  await writeFile(join(directory, "parlance.watermark"), "1 7\n");
});
afterEach(async () => {
  await store?.close();
  store = undefined;
  await rm(directory, { recursive: true });
});

async function open(): Promise<Store> {
  store = await openSqlite({ directory, readers: 1 });
  return store;
}

function append(event: Append["event"], key?: string): Append {
  return {
    room: lobby,
    id: "new" as EventId,
    author: "u_ada" as UserId,
    principal: "u_ada" as Principal,
    time: Date.UTC(2026, 1, 1),
    event,
    ...(key === undefined ? {} : { clientMessageId: key as ClientMessageId }),
  };
}

describe("a database of version 1", () => {
  test("is brought up to date when opened, once, and keeps its epochs", async () => {
    const { version, known } = readSchema(directory);
    expect([version, known > 1]).toEqual([1, true]);
    const { log } = await open();
    expect(readSchema(directory)).toMatchObject({ version: known });
    expect(await log.open(lobby)).toMatchObject({
      epoch: "cbi9gr0p.t2e3ljjo",
      head: 5,
      revision: 2,
      countable: 3,
    });
    await store?.close();
    expect((await (await open()).log.open(lobby))?.head).toBe(5);
  });

  test("shows its messages as they are now, with numbers and counts", async () => {
    const { log } = await open();
    const page = await log.messages({ room: lobby, limit: 10 });
    expect(page?.messages).toEqual([
      {
        id: "event-2",
        number: 1,
        room: "lobby",
        sequence: 2,
        author: "u_ada",
        author_name: "u_ada",
        text: "one",
        time: "2026-01-02T03:04:07.678Z",
      },
      expect.objectContaining({ number: 2, sequence: 3, author: "bob", text: "zwei 🦊" }),
      expect.objectContaining({ number: 3, sequence: 4, text: "three" }),
    ]);
    expect(await log.messageStats(lobby)).toEqual({
      messages: 3,
      authors: 2,
      firstAt: Date.UTC(2026, 0, 2, 3, 4, 7, 678),
      lastAt: Date.UTC(2026, 0, 2, 3, 4, 9, 678),
    });
    expect(await log.messageStats("other" as RoomId)).toMatchObject({ messages: 1, authors: 1 });
  });

  test("takes what is new: edits, deletions, a repeat from before, a status", async () => {
    const { log, directory: users } = await open();
    const text = { text: "one", author_name: "Ada Renamed" };
    expect(
      await log.append(append({ type: "message.created", data: text }, "key-1")),
    ).toMatchObject({ outcome: "stored", sequence: 2, repeated: true });
    const edit = { message_id: "event-2" as EventId, text: "eins", editor_name: "Ada" };
    await log.append(append({ type: "message.edited", data: edit }));
    const deletion = { message_id: "event-3" as EventId, by: "u_ada" as UserId };
    await log.append({
      ...append({ type: "message.deleted", data: deletion }),
      id: "newer" as EventId,
    });
    const page = await log.messages({ room: lobby, limit: 10 });
    expect(page?.messages.map((message) => message.text)).toEqual(["eins", "", "three"]);
    expect(await log.messageStats(lobby)).toMatchObject({ messages: 2, authors: 1 });
    const found = await log.search({
      clauses: [{ terms: ["e"], isPrefix: true }],
      has: [],
      limit: 9,
    });
    expect(found.messages.map((message) => message.text)).toEqual(["elsewhere", "eins"]);
    await users.setStatus("u_ada" as UserId, "here", 1);
    expect(await users.userByUsername("ada")).toMatchObject({ number: 1, status: "here" });
  });
});

describe("what is erased", () => {
  const secret = "a-secret-text-that-nobody-may-find";

  async function filesHold(text: string): Promise<boolean> {
    for (const name of ["parlance.db", "parlance.db-wal"]) {
      const file = await readFile(join(directory, name)).catch(() => Buffer.alloc(0));
      if (file.includes(text)) return true;
    }
    return false;
  }

  test("[I-22] is in no file within two seconds, short or long, and in no search terms", async () => {
    const { log } = await open();
    const ids: EventId[] = [];
    for (const [index, text] of [secret, `${secret} `.repeat(400)].entries()) {
      const id = `secret-${index}` as EventId;
      ids.push(id);
      const data = { text, author_name: "Ada", data: { note: secret } };
      await log.append({ ...append({ type: "message.created", data }), id });
      const edit = { message_id: id, text: `${text} edited`, editor_name: "Ada" };
      const edited = append({ type: "message.edited", data: edit });
      await log.append({ ...edited, id: `edit-${index}` as EventId });
    }
    expect(await filesHold(secret)).toBe(true);
    for (const id of ids) {
      const data = { message_id: id, by: "u_ada" as UserId };
      const deletion = append({ type: "message.deleted", data });
      await log.append({ ...deletion, id: `${id}-deleted` as EventId });
    }
    const database = new DatabaseSync(join(directory, "parlance.db"), { readOnly: true });
    const terms = database.prepare("SELECT id, terms FROM messages WHERE terms LIKE '%secret%'");
    expect(terms.all()).toEqual([]);
    database.close();
    await expect.poll(() => filesHold(secret), { timeout: 2_000, interval: 50 }).toBe(false);
    expect((await log.read({ room: lobby, limit: 1 }))?.head).toBe(11);
  });

  test("[I-22] leaves no word in the index of searches, whose parts are merged only some day", async () => {
    const { log } = await open();
    const word = "xylophonistically";
    const write = (id: string, text: string): Promise<unknown> => {
      const data = { text, author_name: "Ada" };
      return log.append({ ...append({ type: "message.created", data }), id: id as EventId });
    };
    for (let n = 0; n < 60; n += 1) await write(`m${n}`, `${word} ${n} and what else is said`);
    expect(await filesHold(word)).toBe(true);
    for (let n = 0; n < 60; n += 1) {
      const about = { message_id: `m${n}` as EventId };
      const event =
        n % 2 === 0
          ? ({ type: "message.deleted", data: { ...about, by: "u_ada" as UserId } } as const)
          : ({
              type: "message.edited",
              data: { ...about, text: "gone", editor_name: "A" },
            } as const);
      await log.append({ ...append(event), id: `change-${n}` as EventId });
    }
    const clause = { terms: [word.slice(0, 9)], isPrefix: true };
    expect((await log.search({ clauses: [clause], has: [], limit: 10 })).messages).toEqual([]);
    // What an edit replaced stays readable in the log; of the index nothing may be left.
    const database = new DatabaseSync(join(directory, "parlance.db"), { readOnly: true });
    const blocks = database.prepare("SELECT block FROM message_terms_data").all();
    expect(
      blocks.some(({ block }) => Buffer.from(block as Uint8Array).includes(word.slice(1))),
    ).toBe(false);
    database.close();
  });

  test("[I-22] is in no file though somebody reads meanwhile, once the reader is done", async () => {
    const { log } = await open();
    const data = { text: secret, author_name: "Ada" };
    await log.append(append({ type: "message.created", data }));
    const reader = new DatabaseSync(join(directory, "parlance.db"), { readOnly: true });
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM events").get();
    const deletion = { message_id: "new" as EventId, by: "u_ada" as UserId };
    await log.append({
      ...append({ type: "message.deleted", data: deletion }),
      id: "deletion" as EventId,
    });
    const began = performance.now();
    await log.append({
      ...append({ type: "message.created", data: { text: "next", author_name: "Ada" } }),
      id: "next" as EventId,
    });
    // Nobody who writes waits for the reader.
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(await filesHold(secret)).toBe(true);
    reader.exec("COMMIT");
    reader.close();
    await expect.poll(() => filesHold(secret), { timeout: 2_000, interval: 50 }).toBe(false);
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Append, type RoomLog } from "@parlance/core";
import type { DeviceId, EventId, FileId, Principal, RoomId, SessionId } from "@parlance/protocol";
import { message, roomId, someTime, stored, userId } from "@parlance/testkit/contracts";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fillStore } from "../../test/filled-store.ts";
import { dropMysqlTables } from "../../test/mysql-fixture.ts";
import { dropTables, freshPrefix } from "../../test/postgres-fixture.ts";
import { openMysql } from "../mysql/index.ts";
import { openPostgres } from "../postgres/index.ts";
import { SetAsideError } from "../sql/marks.ts";
import { openSqlite } from "../sqlite/index.ts";
import type { Store } from "../store.ts";
import { copyAll } from "./copy-all.ts";
import type { CopyEnd, CopyKey, CopyRow } from "./end.ts";
import { type CopyAddress, openCopyEnd } from "./open.ts";
import { copyTables } from "./tables.ts";

const prefix = freshPrefix();
const directory = mkdtempSync(join(tmpdir(), "copy-"));
const mysqlUrl = (): string => serviceUrl("mariadb");
const postgresUrl = (): string => serviceUrl("postgresql");

/** Each is copied into the next. */
const places = (): CopyAddress[] => [
  { engine: "sqlite", directory: join(directory, "first") },
  { engine: "postgres", url: postgresUrl(), prefix },
  { engine: "mysql", url: mysqlUrl(), prefix },
  { engine: "sqlite", directory: join(directory, "second") },
  { engine: "mysql", url: mysqlUrl(), prefix: `${prefix}b_` },
  { engine: "postgres", url: postgresUrl(), prefix: `${prefix}b_` },
  { engine: "sqlite", directory: join(directory, "third") },
];

function open(place: CopyAddress): Promise<Store> {
  if (place.engine === "sqlite") return openSqlite(place);
  const { url, prefix: named } = place;
  return place.engine === "postgres"
    ? openPostgres({ url, prefix: named, connections: 4 })
    : openMysql({ url, prefix: named, connections: 4 });
}

/** Every row, in the order of the keys as JavaScript sorts them. */
async function allRows(end: CopyEnd): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const { name } of copyTables) {
    const rows: CopyRow[] = [];
    let next: CopyKey | undefined;
    do {
      const chunk = await end.chunk(name, next);
      rows.push(...chunk.rows);
      next = chunk.next;
    } while (next !== undefined);
    found[name] = rows.map((row) => JSON.stringify(row.map(plain))).sort();
  }
  return found;
}

function plain(cell: CopyRow[number]): string | number | null {
  return cell instanceof Uint8Array ? `0x${Buffer.from(cell).toString("hex")}` : cell;
}

async function copy(from: CopyAddress, to: CopyAddress): Promise<void> {
  const [source, target] = await Promise.all([openCopyEnd(from), openCopyEnd(to)]);
  const { identity } = await source.state();
  if (identity === undefined) throw new Error("no identity");
  await target.prepare({ type: "unfinished", by: "move" }, identity);
  await expect(open(to)).rejects.toThrow();
  await copyAll(source, target);
  await target.settle(await source.controlHead());
  const opened = await target.open();
  await target.complete();
  await opened.close();
  expect(await allRows(target)).toEqual(await allRows(source));
  await Promise.all([source.close(), target.close()]);
}

const rooms = ["r1", "r2", "empty", "a:b/c"].map(roomId);

/** What people get to see, and what proves it. */
async function seen(store: Store): Promise<unknown> {
  const { log, directory: people, files } = store;
  return {
    installId: store.installId,
    heads: [...(await log.heads(rooms))].sort(([a], [b]) => (a < b ? -1 : 1)),
    rooms: await Promise.all(rooms.map((room) => roomOf(log, room))),
    control: await log.control(0),
    controlHead: await log.controlHead(),
    users: await people.users(0, 100),
    byName: await people.userByUsername("ada"),
    byMail: await people.accountByLogin("ADA@example.org"),
    session: await people.session("s1" as SessionId),
    revoked: await people.session("s2" as SessionId),
    keys: await people.listKeys(),
    members: await people.members(roomId("r1"), 100),
    joined: await people.roomsOf(userId("bob"), 100),
    discoverable: await people.discoverable(userId("bob"), 100),
    places: await people.places(userId("bob"), "d2" as DeviceId),
    file: await files.file("f1" as FileId),
    files: await files.files(roomId("r1"), undefined, 10),
    deleted: await files.file("f2" as FileId),
    bytes: await files.usedBytes(userId("bob")),
    thread: await log.messages({
      room: roomId("a:b/c"),
      line: { thread: "own-root" as EventId },
      limit: 10,
    }),
    followed: await people.followedThreads({ user: userId("bob"), limit: 10 }),
    standing: await people.threadStanding("own-root" as EventId, userId("bob")),
    mentioned: await people.mentionsOf({ user: userId("bob"), limit: 10 }),
    pins: await people.pins(roomId("a:b/c")),
    slash: await people.slashCommands(),
    documents: await people.documentStates(roomId("a:b/c"), undefined, 10),
    document: await people.documentState(roomId("a:b/c"), 3),
    votes: [...(await people.ownVotes("u_ada" as Principal, ["own-poll" as EventId]))],
    saved: await people.savedMessages({ user: userId("bob"), limit: 10 }),
    drafts: await people.drafts(userId("bob")),
    scheduled: await people.scheduled(userId("bob")),
  };
}

async function roomOf(log: RoomLog, room: RoomId): Promise<unknown> {
  const head = (await log.heads([room])).get(room)?.head ?? 0;
  return {
    events: await log.read({ room, after: 0, limit: 5_000 }),
    proof: head === 0 ? undefined : await log.proof(room, 1, head),
    messages: await log.messages({ room, limit: 5_000 }),

    stats: await log.messageStats(room),
  };
}

describeWith("postgresql", "mariadb")("copying between engines", () => {
  let first: unknown;

  beforeAll(async () => {
    const [origin] = places();
    if (origin === undefined) throw new Error("no place");
    const store = await open(origin);
    await fillStore(store);
    first = await seen(store);
    await store.close();
  });

  afterAll(async () => {
    for (const name of [prefix, `${prefix}b_`]) {
      await dropTables(name);
      await dropMysqlTables(name);
    }
    rmSync(directory, { recursive: true, force: true });
  });

  test("[I-2] [I-3] every row and every proof is the same in every engine, there and back", {
    timeout: 120_000,
  }, async () => {
    const all = places();
    for (const [at, to] of all.entries()) {
      const from = all[at - 1];
      if (from === undefined) continue;
      await copy(from, to);
      const store = await open(to);
      try {
        expect(await seen(store)).toEqual(first);
      } finally {
        await store.close();
      }
    }
  });

  test("[I-4] what was sent before a copy is a repeat after it, and what is new goes on above it", async () => {
    for (const place of places().slice(1)) {
      const store = await open(place);
      try {
        const again = message("text 7 語🦊 quotes \" ' \\ and lines\n", {
          room: "r2",
          user: "bob",
          key: "m-7",
        });
        const repeat = stored(await store.log.append(again));
        expect([repeat.repeated, repeat.sequence]).toEqual([true, 8]);
        const other: Append = message("something else", { room: "r2", user: "bob", key: "m-7" });
        expect(await store.log.append(other)).toEqual({ outcome: "conflict" });
        const next = stored(await store.log.append(message("new", { room: "r2", user: "bob" })));
        expect(next.sequence).toBe(1_201);
        const [newest] =
          (await store.log.messages({ room: roomId("r2"), limit: 1 }))?.messages ?? [];
        const numbers = await store.log.messages({ room: roomId("r2"), limit: 2_000 });
        expect(newest?.number).toBe(
          Math.max(...(numbers?.messages ?? []).map((one) => one.number)),
        );
        const user = await store.directory.upsertExternal(userId("new"), "New", someTime);
        expect(user.number).toBe(5);
        const taken = { kind: "account", name: "A", createdAt: someTime } as const;
        expect(
          await store.directory.createUser({
            ...taken,
            id: userId("x"),
            username: "ada@EXAMPLE.org",
          }),
        ).toBe("taken");
        const { directory: people } = store;
        expect(await people.useTokenOnce("https://issuer", "jti-1", someTime + 1e9, someTime)).toBe(
          false,
        );
        expect(await people.useTokenOnce("", "jti-2", someTime + 1e9, someTime)).toBe(false);
        expect(await people.useTokenOnce("https://issuer", "jti-3", someTime + 1e9, someTime)).toBe(
          true,
        );
        const head = await store.log.controlHead();
        await people.setDisabled(userId("new"), true, someTime);
        expect((await store.log.control(head)).map(({ sequence }) => sequence)).toEqual([head + 1]);
      } finally {
        await store.close();
      }
    }
  });

  test("[F-D4] a half-made target and an install that was moved away are not opened", async () => {
    for (const place of places().slice(1, 4)) {
      const end = await openCopyEnd(place);
      await end.capture();
      await end.seal("somewhere else");
      await expect(open(place)).rejects.toThrow(SetAsideError);
      await expect(open(place)).rejects.toThrow("somewhere else");
      await end.unseal();
      await end.release();
      await end.uncomplete();
      await expect(open(place)).rejects.toThrow("not finished");
      await end.complete();
      await end.close();
      await (await open(place)).close();
    }
  });

  test("what is sealed takes no write of anybody, also not of those who had it open", async () => {
    for (const place of places().slice(0, 3)) {
      const store = await open(place);
      const end = await openCopyEnd(place);
      try {
        await end.capture();
        expect(
          stored(await store.log.append(message("before", { room: "r2" }))).sequence,
        ).toBeGreaterThan(0);
        await end.seal("somewhere else");
        await expect(store.log.append(message("after", { room: "r2" }))).rejects.toThrow();
        await expect(
          store.log.append(
            message("x", {
              room: "brand-new",
              create: { kind: "public", title: "x", createdAt: 1 },
            }),
          ),
        ).rejects.toThrow();
        await expect(
          store.directory.upsertExternal(userId("late"), "Late", someTime),
        ).rejects.toThrow();
        await end.unseal();
        expect(
          stored(await store.log.append(message("after all", { room: "r2" }))).sequence,
        ).toBeGreaterThan(0);
        const noted = await end.changes(10_000);
        const rows = noted.tables.find(({ table }) => table === "events")?.rows ?? [];
        expect(rows).toHaveLength(2);
        await end.release();
        expect((await end.state()).isCaptured).toBe(false);
      } finally {
        await end.close();
        await store.close();
      }
    }
  });
});

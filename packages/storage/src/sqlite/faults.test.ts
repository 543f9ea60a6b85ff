import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import type { Append } from "@parlance/core";
import { StorageError } from "@parlance/core";
import type { ClientMessageId, EventId, Principal, RoomId, UserId } from "@parlance/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Store } from "../store.ts";
import { DirectoryInUseError, openSqlite } from "./index.ts";

const room = "r" as RoomId;
let directory: string;
const open: Store[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "parlance-faults-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const store of open.splice(0)) await store.close();
  await rm(directory, { recursive: true });
});

async function start(): Promise<Store> {
  const store = await openSqlite({ directory, readers: 1 });
  open.push(store);
  return store;
}

function message(key: string): Append {
  return {
    room,
    id: `again-${key}` as EventId,
    author: "u" as UserId,
    principal: "u" as Principal,
    clientMessageId: key as ClientMessageId,
    time: 1,
    event: { type: "message.created", data: { text: key.repeat(20), author_name: "U" } },
  };
}

async function startWithRoom(): Promise<Store> {
  const store = await start();
  await store.log.open(room, { kind: "public", title: "R", createdAt: 0 });
  return store;
}

interface Running {
  readonly child: ChildProcess;
  readonly lines: string[];
  /** Resolves with the signal or exit code. */
  readonly ended: Promise<string | number | null>;
}

function run(writers: number, options: { crashAt?: string; fileKiB?: number } = {}): Running {
  const script = join(import.meta.dirname, "fault-child.ts");
  const args = [script, directory, String(writers), ...(options.crashAt ? [options.crashAt] : [])];
  const limit = options.fileKiB === undefined ? "" : `ulimit -f ${options.fileKiB * 2}; `;
  const child = spawn("/bin/sh", ["-c", `${limit}exec "$0" "$@"`, process.execPath, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const lines: string[] = [];
  const input = createInterface({ input: child.stdout });
  input.on("line", (line) => lines.push(line));
  const read = once(input, "close");
  const ended = once(child, "exit").then(async ([code, signal]) => {
    await read;
    return (signal ?? code) as string | number | null;
  });
  return { child, lines, ended };
}

/** What the child was told, by key. */
function acknowledged(lines: readonly string[]): Map<string, number> {
  const stored = lines
    .map((line) => /^stored (\d+) (\S+)$/.exec(line))
    .filter((found) => found !== null);
  return new Map(stored.map(([, sequence, key]) => [key ?? "", Number(sequence)]));
}

/** Keys by sequence, after checking that there is no hole. */
async function keysInLog(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    const page = await store.log.read({ room, after: keys.length, limit: 1_000 });
    if (page === undefined || page.events.length === 0) return keys;
    for (const { frame } of page.events) {
      expect(frame.sequence).toBe(keys.length + 1);
      keys.push(frame.client_message_id ?? "");
    }
  }
}

describe("one process only", () => {
  test("[F-D10] a second process is refused at once and says why; after kill -9 the directory is free", async () => {
    const first = run(1);
    await vi.waitUntil(() => first.lines.length > 3, 20_000);
    const second = run(1);
    expect(await second.ended).toBe(3);
    expect(second.lines.join()).toMatch(/^DirectoryInUseError: .* in use by another process$/);
    await expect(openSqlite({ directory })).rejects.toBeInstanceOf(DirectoryInUseError);

    first.child.kill("SIGKILL");
    expect(await first.ended).toBe("SIGKILL");
    const store = await start();
    expect((await store.log.open(room))?.head).toBeGreaterThanOrEqual(
      acknowledged(first.lines).size,
    );
  });

  test("[F-D10] one process cannot open a directory twice, and can again after closing", async () => {
    const store = await start();
    await expect(openSqlite({ directory })).rejects.toBeInstanceOf(DirectoryInUseError);
    await store.close();
    await start();
  });
});

describe("kill -9", () => {
  test.each([
    ["mid_transaction:2", 1],
    ["before_commit:3", 1],
    ["after_commit:3", 2],
  ])("at %s leaves one acknowledged event and %i in the log", async (crashAt, inLog) => {
    const child = run(1, { crashAt });
    expect(await child.ended).toBe("SIGKILL");
    expect([...acknowledged(child.lines)]).toEqual([["key-1", 1]]);
    const store = await start();
    expect(await keysInLog(store)).toEqual(["key-1", "key-2"].slice(0, inLog));
    const again = await store.log.append(message("key-2"));
    expect(again).toMatchObject({ outcome: "stored", sequence: 2, repeated: inLog === 2 });
  });

  test.each(["mid_transaction:1777", "before_commit:60", "after_commit:45"])(
    "[F-D9] at %s under load loses nothing acknowledged, doubles nothing, and the file is whole",
    async (crashAt) => {
      const child = run(50, { crashAt });
      expect(await child.ended).toBe("SIGKILL");
      const known = acknowledged(child.lines);
      expect(known.size).toBeGreaterThan(100);

      const store = await start();
      const keys = await keysInLog(store);
      for (const [key, sequence] of known) expect(keys[sequence - 1]).toBe(key);
      expect(new Set(keys).size).toBe(keys.length);
      const again = await Promise.all(keys.map((key) => store.log.append(message(key))));
      expect(again.every((one) => one.outcome === "stored" && one.repeated)).toBe(true);
      expect(await store.log.proof(room, 1, keys.length)).toBeDefined();

      await vi.waitUntil(() => store.status().integrity !== "checking", 10_000);
      expect(store.status()).toMatchObject({ integrity: "ok", findings: [], epochRenewed: false });
      await store.close();
      const file = new DatabaseSync(join(directory, "parlance.db"));
      expect(file.prepare("PRAGMA integrity_check").get()).toMatchObject({ integrity_check: "ok" });
      file.close();
    },
  );

  test("leaves the epoch as it was, and a stop in good order needs no check", async () => {
    const before = await startWithRoom();
    const epoch = (await before.log.open(room))?.epoch;
    await before.close();
    const child = run(5, { crashAt: "after_commit:20" });
    await child.ended;
    const after = await start();
    expect((await after.log.open(room))?.epoch).toBe(epoch);
    await after.close();
    expect((await start()).status()).toMatchObject({
      integrity: "not_needed",
      epochRenewed: false,
    });
  });
});

describe("a database file put back by hand", () => {
  const file = (): string => join(directory, "parlance.db");

  /** The epoch after opening, and whether it was noticed. */
  const reopened = async (): Promise<[string | undefined, boolean]> => {
    const store = await start();
    return [(await store.log.open(room))?.epoch, store.status().epochRenewed];
  };

  test("[F-D4] from an earlier run gets a new epoch, once", async () => {
    const first = await startWithRoom();
    const epoch = (await first.log.open(room))?.epoch;
    await first.log.append(message("a"));
    await first.close();
    await copyFile(file(), `${file()}.backup`);
    const second = await start();
    await second.log.append(message("b"));
    await second.close();

    await copyFile(`${file()}.backup`, file());
    const [restored, noticed] = await reopened();
    expect(noticed).toBe(true);
    expect(restored).not.toBe(epoch);
    await open.pop()?.close();
    expect(await reopened()).toEqual([restored, false]);
  });

  test("[F-D4] from a backup made during the same run gets a new epoch", async () => {
    const store = await startWithRoom();
    const epoch = (await store.log.open(room))?.epoch;
    await store.log.append(message("a"));
    const other = new DatabaseSync(file());
    other.exec(`VACUUM INTO '${file()}.backup'`);
    other.close();
    await store.log.append(message("b"));
    await store.close();

    await copyFile(`${file()}.backup`, file());
    const [restored, noticed] = await reopened();
    expect(noticed).toBe(true);
    expect(restored).not.toBe(epoch);
  });

  test("[F-D4] without its watermark gets a new epoch", async () => {
    const store = await startWithRoom();
    const epoch = (await store.log.open(room))?.epoch;
    await store.close();
    await rm(join(directory, "parlance.watermark"));
    const [restored, noticed] = await reopened();
    expect([noticed, restored === epoch]).toEqual([true, false]);
  });

  test("[F-D4] older than a crash is noticed too: the watermark follows the commits within a second", async () => {
    const child = run(1);
    await vi.waitUntil(() => child.lines.length > 3, 20_000);
    const other = new DatabaseSync(file());
    other.exec(`VACUUM INTO '${file()}.backup'`);
    const row = other.prepare("SELECT value FROM meta WHERE name = 'commits'").get();
    other.close();
    const backedUp = Number(row?.["value"]);
    await vi.waitUntil(async () => {
      const [, commits] = (await readFile(join(directory, "parlance.watermark"), "utf8")).split(
        " ",
      );
      return Number(commits) > backedUp + 1;
    }, 10_000);
    child.child.kill("SIGKILL");
    await child.ended;
    for (const name of ["-wal", "-shm"]) await rm(`${file()}${name}`, { force: true });
    await copyFile(`${file()}.backup`, file());
    expect((await reopened())[1]).toBe(true);
  });
});

describe("a database in trouble", () => {
  test("[F-D8] no more space: what is refused is told, what is acknowledged stays, and it goes on after", async () => {
    const child = run(5, { fileKiB: 1_500 });
    expect(await child.ended).toBe(0);
    expect(child.lines.filter((line) => line.startsWith("refused"))).toHaveLength(5);
    const known = acknowledged(child.lines);
    expect(known.size).toBeGreaterThan(10);

    const store = await start();
    const keys = await keysInLog(store);
    for (const [key, sequence] of known) expect(keys[sequence - 1]).toBe(key);
    await store.log.append(message("after"));
    expect((await keysInLog(store)).at(-1)).toBe("after");
  });

  test("[F-D6] a lock that another program holds refuses in time as surely not done, and passes", async () => {
    const store = await startWithRoom();
    const other = new DatabaseSync(join(directory, "parlance.db"));
    other.exec("BEGIN IMMEDIATE");
    const begun = performance.now();
    const refused = await store.log.append(message("a")).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StorageError);
    expect(refused).toMatchObject({ effect: "none" });
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect((await store.log.heads([room])).size).toBe(1);
    other.exec("ROLLBACK");
    other.close();
    const again = await store.log.append(message("a"));
    expect(again).toMatchObject({ outcome: "stored", sequence: 1, repeated: false });
  });

  test("one caller's impossible event fails alone, in the middle of a batch", async () => {
    const store = await startWithRoom();
    const results = await Promise.allSettled([
      store.log.append(message("a")),
      store.log.append({ ...message("b"), time: Number.NaN }),
      store.log.append(message("c")),
      // The same event id again: ids are unique in the install.
      store.log.append({ ...message("d"), id: message("a").id }),
      store.log.append(message("e")),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    for (const index of [1, 3]) {
      expect(results[index]).toMatchObject({ reason: { name: "StorageError", effect: "none" } });
    }
    expect(await keysInLog(store)).toEqual(["a", "c", "e"]);
  });

  test.runIf(existsSync("/dev/full"))(
    "[F-D8] no space for the watermark ends nothing; when there is room it catches up",
    async () => {
      const store = await startWithRoom();
      const mark = join(directory, "parlance.watermark");
      const before = await readFile(mark, "utf8");
      // Every write to it fails with ENOSPC.
      await symlink("/dev/full", `${mark}.new`);
      await store.log.append(message("full"));
      await setTimeout(2_500);
      expect(await readFile(mark, "utf8")).toBe(before);
      await store.log.append(message("still"));
      await rm(`${mark}.new`);
      await vi.waitUntil(async () => (await readFile(mark, "utf8")) !== before, 10_000);
      expect(await keysInLog(store)).toEqual(["full", "still"]);
    },
  );

  test("a data directory that was moved away is told with its path: nothing is acknowledged into the void", async () => {
    const store = await startWithRoom();
    await rename(directory, `${directory}-away`);
    await store.log.append(message("late")).catch(() => {});
    const reason = await store.lost;
    await rename(`${directory}-away`, directory);
    expect(reason).toContain("ENOENT");
    expect(reason).toContain(directory);
    await expect(store.log.append(message("later"))).rejects.toMatchObject({ effect: "none" });
  });

  test("a writer thread that dies leaves what it had unknown and what waited undone, and says so", async () => {
    const workers: Worker[] = [];
    const note = (worker: Worker): void => void workers.push(worker);
    process.on("worker", note);
    const store = await startWithRoom();
    process.off("worker", note);
    const results = Promise.allSettled(
      Array.from({ length: 3_000 }, (_, n) => store.log.append(message(`key-${n}`))),
    );
    // What it cannot make sense of ends it, between two calls of the database. (Ending it from outside in the
    // middle of one has crashed the whole process here.)
    workers[0]?.postMessage(null);
    const effects = (await results).map((one) =>
      one.status === "fulfilled" ? "stored" : (one.reason as StorageError).effect,
    );
    // In this order, whatever the thread had got to; what it was never given is surely not done.
    const ranks = effects.map((effect) => ["stored", "unknown", "none"].indexOf(effect));
    expect(ranks).toEqual(ranks.toSorted((left, right) => left - right));
    expect(effects.at(-1)).toBe("none");
    expect(await store.lost).not.toBe("");
    expect(store.status().available).toBe(false);
    await expect(store.log.append(message("later"))).rejects.toMatchObject({ effect: "none" });
    await store.close();
    const kept = new Set(await keysInLog(await start()));
    for (const [n, effect] of effects.entries()) {
      if (effect !== "unknown") expect([n, kept.has(`key-${n}`)]).toEqual([n, effect === "stored"]);
    }
  });

  test("a database of a newer program is refused", async () => {
    await (await startWithRoom()).close();
    const other = new DatabaseSync(join(directory, "parlance.db"));
    other.exec("INSERT INTO migrations (version) VALUES (999)");
    other.close();
    await expect(openSqlite({ directory })).rejects.toThrow(/schema version 999/);
    // The lock was let go of, so that an operator can act.
    await expect(openSqlite({ directory })).rejects.toThrow(/schema version 999/);
  });
});

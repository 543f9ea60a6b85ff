/**
 * Rows a second and CPU a row of durable appends, for 1, 16 and 1,000 callers that each wait for their
 * acknowledgement before the next, beside plain one-row-per-commit on the same disk in the same run.
 *
 * The medians of several rounds, in which all take turns. Figures mean something on a quiet machine only.
 *
 *   node bench/storage-append.ts [seconds per case and round, 1] [rounds, 5]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Append } from "@parlance/core";
import type { ClientMessageId, EventId, Principal, RoomId, UserId } from "@parlance/protocol";
import { openSqlite } from "@parlance/storage/sqlite";

const seconds = Number(process.argv[2] ?? "1");
const rounds = Number(process.argv[3] ?? "5");
const text = "x".repeat(128);

interface Measured {
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly cpuMicros: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure(callers: number, once: (n: number) => unknown): Promise<Measured> {
  const waits: number[] = [];
  let n = 0;
  const until = performance.now() + seconds * 1_000;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      const start = performance.now();
      n += 1;
      await once(n);
      waits.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const tookMs = performance.now() - begun;
  const used = process.cpuUsage(cpu);
  waits.sort((left, right) => left - right);
  const at = (share: number): number => waits[Math.floor(waits.length * share)] ?? 0;
  return {
    rows: n,
    rowsPerSecond: (n / tookMs) * 1_000,
    cpuMicros: (used.user + used.system) / n,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

/** The least that a durable insert can be: one table, one secondary index, one commit for each row. */
function openPlain(directory: string): { insert(n: number): void; close(): void } {
  const database = new DatabaseSync(join(directory, "plain.db"));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec("CREATE TABLE rows (number INTEGER PRIMARY KEY, key TEXT UNIQUE, text TEXT)");
  const insert = database.prepare("INSERT INTO rows (key, text) VALUES (?, ?)");
  return { insert: (n) => insert.run(`key-${n}`, text), close: () => database.close() };
}

function append(prefix: string, n: number, rooms: number): Append {
  return {
    room: `room-${n % rooms}` as RoomId,
    id: `${prefix}event${String(n).padStart(12, "0")}` as EventId,
    author: `user-${n % 50}` as UserId,
    principal: `user-${n % 50}` as Principal,
    clientMessageId: `${prefix}-${n}` as ClientMessageId,
    time: 1_700_000_000_000 + n,
    event: { type: "message.created", data: { text, author_name: "Somebody" } },
  };
}

/** The round with the median rate. */
function median(results: readonly Measured[]): Measured {
  const sorted = [...results].sort((left, right) => left.rowsPerSecond - right.rowsPerSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("nothing was measured");
  return middle;
}

function print(name: string, measured: Measured, base: number): void {
  const { rows, rowsPerSecond, cpuMicros, p50Ms, p99Ms } = measured;
  console.log(
    [
      name.padEnd(34),
      `${rows} rows`.padStart(14),
      `${Math.round(rowsPerSecond)}/s`.padStart(10),
      `x${(rowsPerSecond / base).toFixed(1)}`.padStart(7),
      `${cpuMicros.toFixed(1)} us CPU/row`.padStart(18),
      `p50 ${p50Ms.toFixed(2)} ms`.padStart(14),
      `p99 ${p99Ms.toFixed(2)} ms`.padStart(15),
    ].join(" "),
  );
}

const directory = await mkdtemp(join(tmpdir(), "parlance-bench-"));
const plain = openPlain(directory);
const store = await openSqlite({ directory });

interface Case {
  readonly name: string;
  readonly callers: number;
  readonly once: (n: number) => unknown;
  readonly results: Measured[];
}
const cases: Case[] = [
  { name: "plain SQLite, one row per commit", callers: 1, once: plain.insert, results: [] },
];
for (const rooms of [1, 100]) {
  for (let n = 0; n < rooms; n += 1) {
    const created = { kind: "public", title: "Bench", createdAt: 0 } as const;
    await store.log.open(`room-${n}` as RoomId, created);
  }
  for (const callers of [1, 16, 1_000]) {
    let total = 0;
    cases.push({
      name: `append, ${callers} callers, ${rooms} rooms`,
      callers,
      once: () => {
        total += 1;
        return store.log.append(append(`r${rooms}c${callers}`, total, rooms));
      },
      results: [],
    });
  }
}
let rowsBefore = 0;
for (let round = 0; round < rounds; round += 1) {
  // In turn, so that a slow moment of the disk or the machine meets all of them.
  for (const { callers, once, results } of cases) {
    const offset = rowsBefore;
    const measured = await measure(callers, (n) => once(offset + n));
    rowsBefore += measured.rows;
    results.push(measured);
  }
}
const base = median(cases[0]?.results ?? []);
for (const { name, results } of cases) {
  const middle = median(results);
  print(name, middle, base.rowsPerSecond);
}
plain.close();
await store.close();
await rm(directory, { recursive: true });

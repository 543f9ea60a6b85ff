/**
 * Durable appends a second on PostgreSQL and MariaDB, beside one row per commit over 64 connections to the same server in
 * the same run (goal P10 of those engines).
 *
 *   node bench/storage-engines.ts [--seconds 2] [--reps 3] [--out FOLDER]
 *
 * Servers as for the tests: `PARLANCE_TEST_POSTGRES_URL`, `PARLANCE_TEST_MARIADB_URL`. Both sides share the machine, so the
 * ratio counts, and not the rate.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Append } from "@parlance/core";
import type { ClientMessageId, EventId, Principal, RoomId, UserId } from "@parlance/protocol";
import type { Store } from "@parlance/storage";
import { openMysql } from "@parlance/storage/mysql";
import { openPostgres } from "@parlance/storage/postgres";
import { type ServiceName, serviceUrl } from "@parlance/testkit/services";
import type { Connection } from "mysql2/promise";
import type pgTypes from "pg";
import { median, quantile, round } from "./support/numbers.ts";
import { Results, type Verdict } from "./support/results.ts";

// The drivers belong to the package that hides them.
const load = createRequire(join(import.meta.dirname, "../packages/storage/package.json"));
const pg = load("pg") as typeof pgTypes;
const mysql = load("mysql2/promise") as { createConnection(url: string): Promise<Connection> };

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    reps: { type: "string", default: "3" },
    out: { type: "string", default: "" },
  },
});
const seconds = Number(values.seconds);
const text = "x".repeat(128);
const plainConnections = 64;

interface Rate {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly cpuMicros: number;
}

/** Callers that each wait for their answer before the next. */
async function rate(callers: number, once: (n: number) => Promise<unknown>): Promise<Rate> {
  const waits: number[] = [];
  const begun = performance.now();
  const cpu = process.cpuUsage();
  let n = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() - begun < seconds * 1_000) {
      const start = performance.now();
      n += 1;
      await once(n);
      waits.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const used = process.cpuUsage(cpu);
  return {
    perSecond: n / ((performance.now() - begun) / 1_000),
    p50Ms: quantile(waits, 0.5),
    cpuMicros: (used.user + used.system) / n,
  };
}

interface Plain {
  insert(n: number): Promise<unknown>;
  close(): Promise<void>;
}

interface Engine {
  readonly name: string;
  readonly service: ServiceName;
  open(prefix: string): Promise<Store>;
  /** The least that a durable insert can be: one table, one secondary index, one commit for each row. */
  plain(prefix: string): Promise<Plain>;
  drop(prefix: string): Promise<void>;
}

const postgresUrl = serviceUrl("postgresql");
const mariaUrl = serviceUrl("mariadb");

const engines: readonly Engine[] = [
  {
    name: "PostgreSQL",
    service: "postgresql",
    open: (prefix) => openPostgres({ url: postgresUrl, prefix }),
    async plain(prefix) {
      const pool = new pg.Pool({ connectionString: postgresUrl, max: plainConnections });
      await pool.query(
        `CREATE TABLE "${prefix}plain" (number bigserial PRIMARY KEY, key text UNIQUE, text text)`,
      );
      const sql = `INSERT INTO "${prefix}plain" (key, text) VALUES ($1, $2)`;
      return {
        insert: (n) => pool.query({ name: "insert", text: sql, values: [`key-${n}`, text] }),
        close: () => pool.end(),
      };
    },
    async drop(prefix) {
      const client = new pg.Client({ connectionString: postgresUrl });
      await client.connect();
      const found = await client.query<{ name: string }>(
        "SELECT tablename AS name FROM pg_tables WHERE starts_with(tablename, $1)",
        [prefix],
      );
      for (const { name } of found.rows) await client.query(`DROP TABLE "${name}" CASCADE`);
      await client.end();
    },
  },
  {
    name: "MariaDB",
    service: "mariadb",
    open: (prefix) => openMysql({ url: mariaUrl, prefix }),
    async plain(prefix) {
      const connections = await Promise.all(
        Array.from({ length: plainConnections }, () => mysql.createConnection(mariaUrl)),
      );
      await connections[0]?.query(
        `CREATE TABLE \`${prefix}plain\` (
           number BIGINT AUTO_INCREMENT PRIMARY KEY, \`key\` VARCHAR(64) UNIQUE, text TEXT)`,
      );
      const sql = `INSERT INTO \`${prefix}plain\` (\`key\`, text) VALUES (?, ?)`;
      const idle = [...connections];
      return {
        async insert(n) {
          const connection = idle.pop();
          if (connection === undefined) throw new Error("more callers than connections");
          await connection.execute(sql, [`key-${n}`, text]);
          idle.push(connection);
        },
        async close() {
          for (const connection of connections) await connection.end();
        },
      };
    },
    async drop(prefix) {
      const client = await mysql.createConnection(mariaUrl);
      const [rows] = await client.query(
        "SELECT table_name AS name FROM information_schema.tables WHERE left(table_name, ?) = ?",
        [prefix.length, prefix],
      );
      for (const { name } of rows as { name: string }[])
        await client.query(`DROP TABLE \`${name}\``);
      await client.end();
    },
  },
];

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

const results = new Results("storage-engines", values.out);
const figures: Record<string, unknown> = {};
const verdicts: Verdict[] = [];
const cases = [1, 100].flatMap((rooms) =>
  [1, 64, 1_000].map((callers) => ({
    rooms,
    callers,
    label: `${callers} callers, ${rooms} rooms`,
  })),
);
for (const engine of engines) {
  const prefix = `bench${process.pid}_`;
  const plain = await engine.plain(prefix);
  const store = await engine.open(prefix);
  for (let n = 0; n < 100; n += 1) {
    const created = { kind: "public", title: "Bench", createdAt: 0 } as const;
    await store.log.open(`room-${n}` as RoomId, created);
  }
  let rows = 0;
  const plainRates: Rate[] = [];
  const rates = new Map<string, Rate[]>(cases.map(({ label }) => [label, []]));
  for (let rep = 0; rep < Number(values.reps); rep += 1) {
    const base = rows;
    plainRates.push(
      await rate(plainConnections, (n) => {
        rows += 1;
        return plain.insert(base + n);
      }),
    );
    for (const { rooms, callers, label } of cases) {
      const series = `${engine.service}-${rep}-${rooms}-${callers}`;
      rates
        .get(label)
        ?.push(await rate(callers, (n) => store.log.append(append(series, n, rooms))));
    }
  }
  await store.close();
  await plain.close();
  await engine.drop(prefix);

  const base = median(plainRates.map(({ perSecond }) => perSecond));
  console.log(`${engine.name}: one row per commit, 64 connections: ${Math.round(base)}/s`);
  for (const [label, measured] of rates) {
    const perSecond = median(measured.map((one) => one.perSecond));
    console.log(
      `  ${label.padEnd(24)} ${String(Math.round(perSecond)).padStart(7)}/s  x${(perSecond / base).toFixed(1)}` +
        `  p50 ${median(measured.map((one) => one.p50Ms)).toFixed(2)} ms` +
        `  ${median(measured.map((one) => one.cpuMicros)).toFixed(0)} us of our CPU a row`,
    );
  }
  figures[engine.name] = {
    plain: plainRates.map((one) => Math.round(one.perSecond)),
    appends: Object.fromEntries(
      [...rates].map(([label, all]) => [
        label,
        all.map((one) => ({
          perSecond: Math.round(one.perSecond),
          p50Ms: round(one.p50Ms),
          cpuMicros: round(one.cpuMicros),
        })),
      ]),
    ),
  };
  for (const rooms of [1, 100]) {
    const label = `1000 callers, ${rooms} rooms`;
    const ratio = median((rates.get(label) ?? []).map((one) => one.perSecond)) / base;
    verdicts.push({
      target: "P10",
      what: `${engine.name}, ${label}: appends against one row per commit over 64 connections (${Math.round(base)}/s)`,
      wanted: ">= 4",
      measured: round(ratio),
      met: ratio >= 4,
    });
  }
}
results.write({ verdicts, figures });

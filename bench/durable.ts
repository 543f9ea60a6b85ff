/**
 * Acknowledged durable messages a second through the whole server on one core, beside one row per commit of the same
 * engine on the same disk in the same run (goal P10).
 *
 *   node bench/durable.ts --wsload BINARY [--publishers 32] [--window 64] [--seconds 4] [--reps 3] [--out FOLDER]
 *
 * The store alone, without server and sockets: `bench/storage-append.ts`.
 */
import { fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { freePort } from "@parlance/testkit/server-process";
import { type LoadResult, LoadTool } from "./support/load.ts";
import { median, quantile, round } from "./support/numbers.ts";
import { Results } from "./support/results.ts";
import { dataDirectory, parlance, secret, start } from "./support/servers.ts";
import { parlanceTalk, publishOptions } from "./support/talks.ts";
import { userTokens } from "./support/tokens.ts";

const { values } = parseArgs({
  options: {
    wsload: { type: "string" },
    publishers: { type: "string", default: "32" },
    window: { type: "string", default: "64" },
    seconds: { type: "string", default: "4" },
    reps: { type: "string", default: "3" },
    out: { type: "string", default: "" },
  },
});

const text = "x".repeat(128);

/** The least that a durable insert can be: one table, one secondary index, one commit for each row. */
function plainRowsPerSecond(seconds: number): number {
  const database = new DatabaseSync(join(dataDirectory(), "plain.db"));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec("CREATE TABLE rows (number INTEGER PRIMARY KEY, key TEXT UNIQUE, text TEXT)");
  const insert = database.prepare("INSERT INTO rows (key, text) VALUES (?, ?)");
  const begun = performance.now();
  let rows = 0;
  while (performance.now() - begun < seconds * 1_000) {
    rows += 1;
    insert.run(`key-${rows}`, text);
  }
  database.close();
  return rows / seconds;
}

/** Median milliseconds of a write of 4 KiB and its sync. */
function syncMs(): number {
  const file = openSync(join(dataDirectory(), "sync"), "w");
  const block = Buffer.alloc(4_096);
  const times = Array.from({ length: 300 }, () => {
    const begun = performance.now();
    writeSync(file, block);
    fsyncSync(file);
    return performance.now() - begun;
  });
  return quantile(times, 0.5);
}

if (values.wsload === undefined) throw new Error("give --wsload");
const results = new Results("durable", values.out);
const tool = new LoadTool(values.wsload);
const port = await freePort();
const server = await start(parlance(port, dataDirectory()));
const publishers = Number(values.publishers);
const rooms = String(publishers);
const talk = parlanceTalk(port, userTokens(publishers * 2, secret));
const load = (options: readonly string[]): Promise<LoadResult> => {
  const common = ["-n", rooms, "--rooms", rooms, "--publishers", rooms, "--size", "128"];
  const run = { ...talk, options: publishOptions() };
  return tool.run(run, server.pid, [...common, "--drain", "5", ...options]);
};
const full = ["--mode", "burst", "--ack", '"type":"reply","id":9', "--window", values.window];
const busy = [...full, "--warmup", "1", "--duration", values.seconds];
const light = ["--mode", "fanout", "--rate", String(100 / publishers), "--duration", "3"];

const plain: number[] = [];
const syncs: number[] = [];
const loads: LoadResult[] = [];
const lights: LoadResult[] = [];
await load(busy);
for (let rep = 0; rep < Number(values.reps); rep += 1) {
  plain.push(plainRowsPerSecond(2));
  syncs.push(syncMs());
  loads.push(await load(busy));
  lights.push(await load(light));
}
await server.stop();

const perSecond = (result: LoadResult): number => (result.published ?? 0) / (result.wall_s ?? 1);
const acked = median(loads.map(perSecond));
const one = median(plain);
const cpu = median(loads.map((result) => result.server_cpu_us_per_msg ?? Number.NaN));
const p50 = median(lights.map((result) => (result.lat_us?.p50 ?? Number.NaN) / 1_000));
const bound = 3 * median(syncs) + 1;
results.write({
  verdicts: [
    {
      target: "P10",
      what: `acknowledged messages/s against one row per commit (${round(one)}/s)`,
      wanted: ">= 10",
      measured: round(acked / one),
      met: acked / one >= 10,
    },
    {
      target: "P10",
      what: "acknowledged messages/s, one core",
      wanted: ">= 20000",
      measured: Math.round(acked),
      met: acked >= 20_000,
    },
    {
      target: "P10",
      what: `the same by CPU: 1 s / ${round(cpu)} us of CPU a message, if nothing else used the core`,
      wanted: ">= 20000",
      measured: Math.round(1e6 / cpu),
      met: 1e6 / cpu >= 20_000,
    },
    {
      target: "P10",
      what: "delivery p50 at 100 messages/s (after the commit, so the acknowledgement's too)",
      wanted: `<= ${round(bound)} ms (3 syncs + 1 ms)`,
      measured: `${round(p50)} ms`,
      met: p50 <= bound,
    },
  ],
  figures: { plainRowsPerSecond: plain, syncMs: syncs, busy: loads, light: lights },
});

/**
 * One process beside several on the same machine: acknowledged messages and fan-out deliveries a second, in one run.
 *
 *   node bench/processes.ts --wsload BINARY [--processes 2] [--n 500] [--seconds 3] [--reps 3] [--out FOLDER]
 *
 * The servers may use every core; the load generator is pinned to the last one and needs nearly all of it. On a machine of
 * two cores the two processes have little more than one core between them, as one process has by itself: a ratio of 1 means
 * there that the way through the primary and the hub costs nothing, not that a second core gains nothing. The CPU of a
 * message, summed over all processes, says what it does cost.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { freePort } from "@parlance/testkit/server-process";
import { type LoadResult, LoadTool } from "./support/load.ts";
import { median, round } from "./support/numbers.ts";
import { Results } from "./support/results.ts";
import { dataDirectory, parlance, type RunningServer, secret, start } from "./support/servers.ts";
import { parlanceTalk, publishOptions } from "./support/talks.ts";
import { userTokens } from "./support/tokens.ts";

const { values } = parseArgs({
  options: {
    wsload: { type: "string" },
    processes: { type: "string", default: "2" },
    n: { type: "string", default: "500" },
    seconds: { type: "string", default: "3" },
    reps: { type: "string", default: "3" },
    out: { type: "string", default: "" },
  },
});

const cores = cpus().length;
const publishers = 32;
/** Of /proc's times; the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

interface Contender {
  readonly processes: number;
  readonly port: number;
  readonly server: RunningServer;
  readonly acks: Run[];
  readonly fans: Run[];
  readonly lone: Run[];
}

interface Run {
  readonly perSecond: number;
  /** Of all processes of the server, for one message or one delivery. */
  readonly cpuMicros: number;
  readonly load: LoadResult;
}

async function contender(processes: number): Promise<Contender> {
  const port = await freePort();
  const spec = parlance(port, dataDirectory(), { PARLANCE_PROCESSES: String(processes) });
  const server = await start(spec, `0-${cores - 1}`);
  await serving(port, processes);
  return { processes, port, server, acks: [], fans: [], lone: [] };
}

/** A port answers as soon as the first of several serves. */
async function serving(port: number, processes: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/ready`);
    const ready = (await answer.json()) as { readonly processes?: { readonly running: number } };
    if ((ready.processes?.running ?? 1) === processes) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function cpuSeconds(pid: number): number {
  const children = execFileSync("ps", ["-o", "pid=", "--pid", String(pid), "--ppid", String(pid)], {
    encoding: "utf8",
  });
  return children
    .split("\n")
    .filter((line) => line.trim() !== "")
    .reduce((sum, line) => {
      const fields = readFileSync(`/proc/${line.trim()}/stat`, "utf8").split(") ")[1]?.split(" ");
      return sum + (Number(fields?.[11]) + Number(fields?.[12])) / ticksPerSecond;
    }, 0);
}

async function run(
  one: Contender,
  options: readonly string[],
  unit: "acks" | "fans" | "lone",
): Promise<Run> {
  const talk = parlanceTalk(one.port, userTokens(Number(values.n) + publishers, secret));
  const before = cpuSeconds(one.server.pid);
  const load = await tool.run({ ...talk, options: publishOptions() }, one.server.pid, options);
  const cpu = cpuSeconds(one.server.pid) - before;
  const published = load.published ?? Number.NaN;
  const wall = load.wall_s ?? Number.NaN;
  const perSecond = unit === "acks" ? published / wall : (load.del_per_s ?? Number.NaN);
  const found = { perSecond, cpuMicros: (cpu * 1e6) / (perSecond * wall), load };
  const rate = `${Math.round(perSecond)}/s, ${round(found.cpuMicros)} us of CPU each`;
  const wrong = `lost ${load.lost} doubled ${load.dup} out of order ${load.ooo}`;
  console.log(`${one.processes} ${unit}: ${rate}, ${wrong}`);
  return found;
}

if (values.wsload === undefined) throw new Error("give --wsload");
const results = new Results("processes", values.out);
const tool = new LoadTool(values.wsload, cores - 1);
const rooms = String(publishers);
const base = ["--size", "128", "--drain", "5", "--mode", "burst", "--warmup", "0.5"];
const timed = [...base, "--duration", values.seconds];
const ackOptions = [
  ...["-n", rooms, "--rooms", rooms, "--publishers", rooms, "--window", "64"],
  ...["--ack", '"type":"reply","id":9', ...timed],
];
const fanOptions = ["-n", values.n, "--publishers", "4", "--window", "16", "--inflight", "256"];

/* One message at a time: nothing can be joined, so this is what a delivery costs by itself. */
const rate = String(Math.ceil(10_000 / Number(values.n)));
const lone = ["--publishers", "1", "--mode", "fanout", "--rate", rate, "--warmup", "0.5"];
const loneOptions = ["-n", values.n, "--size", "128", "--drain", "5", ...lone];

const one = await contender(1);
const several = await contender(Number(values.processes));
const both = [one, several];
try {
  for (const each of both) await run(each, ackOptions, "acks");
  for (let rep = 0; rep < Number(values.reps); rep += 1) {
    for (const each of both) each.acks.push(await run(each, ackOptions, "acks"));
    for (const each of both) each.fans.push(await run(each, [...fanOptions, ...timed], "fans"));
    for (const each of both) {
      const options = [...loneOptions, "--duration", values.seconds];
      each.lone.push(await run(each, options, "lone"));
    }
  }
} finally {
  for (const { server } of both) await server.stop();
}

const ratio = (of: (each: Contender) => readonly Run[], value: (run: Run) => number): number =>
  median(of(several).map(value)) / median(of(one).map(value));
/* The rate of lone messages is given, so only what they cost says something. */
const fields: readonly (readonly [string, (each: Contender) => readonly Run[]])[] = [
  ["acknowledged messages", (each) => each.acks],
  ["fan-out deliveries of a busy room", (each) => each.fans],
  ["fan-out deliveries of lone messages", (each) => each.lone],
];
results.write({
  verdicts: fields.flatMap(([what, of]) => {
    const rate = round(ratio(of, ({ perSecond }) => perSecond));
    const cpu = round(ratio(of, ({ cpuMicros }) => cpuMicros));
    return [
      {
        target: "processes",
        what: `${what}/s, ${several.processes} processes against one`,
        // Without cores of their own, more processes must at least not be slower by much.
        wanted: cores > 2 ? ">= 1.5" : ">= 0.8",
        measured: rate,
        met: rate >= (cores > 2 ? 1.5 : 0.8),
      },
      {
        target: "processes",
        what: `${what}: CPU of each, ${several.processes} processes against one`,
        wanted: "<= 1.5",
        measured: cpu,
        met: cpu <= 1.5,
      },
    ];
  }),
  notes: [
    `${cores} cores, of which the load generator needs one; nothing is said here of what a free core would add.`,
  ],
  figures: both.map(({ processes, acks, fans, lone: alone }) => ({
    processes,
    acks,
    fans,
    lone: alone,
  })),
});

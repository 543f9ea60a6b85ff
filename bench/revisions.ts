/**
 * What a message costs in this checkout beside another one, which holds an older revision with its packages: both servers run at the
 * same time and take turns. Only the ratios mean anything.
 *
 *   node bench/revisions.ts --wsload BINARY --other FOLDER [--n 500] [--seconds 2] [--reps 5] [--out FOLDER]
 *
 * *isolated*: one message at a time to everybody. *full*: 4 writers with 16 messages in flight each, to everybody. *append*: 32 rooms,
 * a writer with 64 messages in flight in each, each acknowledged once it is committed.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
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
    other: { type: "string" },
    n: { type: "string", default: "500" },
    seconds: { type: "string", default: "2" },
    reps: { type: "string", default: "5" },
    out: { type: "string", default: "" },
  },
});
if (values.wsload === undefined || values.other === undefined) {
  throw new Error("give --wsload and --other");
}

/** More than this is looked into. */
const mostRatio = 1.05;
const rooms = 32;
const people = Number(values.n);
const perSecond = 20;

const all = ["-n", values.n, "--size", "128", "--inflight", "256", "--drain", "5"];
const long = ["--warmup", "0.5", "--duration", values.seconds];
const shapes = {
  isolated: [...all, "--mode", "fanout", "--publishers", "1", "--rate", String(perSecond), ...long],
  full: [...all, "--mode", "burst", "--publishers", "4", "--window", "16", ...long],
  append: [
    ...["-n", String(rooms), "--rooms", String(rooms), "--publishers", String(rooms)],
    ...["--size", "128", "--drain", "5", "--mode", "burst", "--window", "64", ...long],
    ...["--ack", '"type":"reply","id":9'],
  ],
} as const;
type Shape = keyof typeof shapes;
const names = Object.keys(shapes) as Shape[];
/** What is compared: microseconds of the server's CPU. */
const costs: Readonly<Record<Shape, (result: LoadResult) => number | undefined>> = {
  isolated: (result) => result.server_cpu_us_per_del,
  full: (result) => result.server_cpu_us_per_del,
  append: (result) => result.server_cpu_us_per_msg,
};

interface Side {
  readonly revision: string;
  readonly port: number;
  readonly server: RunningServer;
  readonly runs: Record<Shape, LoadResult[]>;
}

async function open(folder: string): Promise<Side> {
  const port = await freePort();
  const spec = parlance(port, dataDirectory());
  const command = [process.execPath, join(folder, "packages/cli/bin/parlance.js"), "start"];
  const asked = ["-C", folder, "rev-parse", "--short", "HEAD"];
  return {
    revision: execFileSync("git", asked, { encoding: "utf8" }).trim(),
    port,
    server: await start({ ...spec, command }),
    runs: { isolated: [], full: [], append: [] },
  };
}

const results = new Results("revisions", values.out);
const tool = new LoadTool(values.wsload);
const tokens = userTokens(people + rooms * 2, secret);
const ours = await open(join(import.meta.dirname, ".."));
const theirs = await open(values.other);
try {
  const run = (side: Side, shape: Shape): Promise<LoadResult> =>
    tool.run(
      { ...parlanceTalk(side.port, tokens), options: publishOptions() },
      side.server.pid,
      shapes[shape],
    );
  for (const side of [theirs, ours]) await run(side, "append");
  for (let rep = 0; rep < Number(values.reps); rep += 1) {
    for (const shape of names) {
      // Each is first every other time.
      for (const side of rep % 2 === 0 ? [theirs, ours] : [ours, theirs]) {
        const result = await run(side, shape);
        side.runs[shape].push(result);
        const { ok, lost, dup, ooo } = result;
        console.log(`${side.revision} ${shape}: ${costs[shape](result)} us`, {
          ok,
          lost,
          dup,
          ooo,
        });
      }
    }
  }
} finally {
  for (const { server } of [ours, theirs]) await server.stop();
}
results.write({
  verdicts: names.map((shape) => {
    const pairs = ours.runs[shape].map((run, rep) => {
      const other = theirs.runs[shape][rep];
      return (
        (costs[shape](run) ?? NaN) / (other === undefined ? NaN : (costs[shape](other) ?? NaN))
      );
    });
    const ratio = median(pairs);
    return {
      target: "hot path",
      what: `${shape}: CPU of ${ours.revision} against ${theirs.revision}, the median of ${pairs.length} pairs (${pairs.map((pair) => round(pair)).join(", ")})`,
      wanted: `<= ${mostRatio}`,
      measured: round(ratio),
      met: ratio <= mostRatio,
    };
  }),
  figures: [ours, theirs].map(({ revision, runs }) => ({ revision, runs })),
});

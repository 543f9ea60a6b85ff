/**
 * Memory of idle connections and the cost of a connect storm beside the peers (goals P7, P8). Ours signs in with a
 * token of its own user and subscribes with presence; the peers only join a room.
 *
 *   node bench/connections.ts --wsload BINARY --peers FOLDER [--idle 10000] [--storm 5000] [--reps 2]
 *        [--only parlance,socket.io,ws-naive] [--rooms 100] [--out FOLDER]
 *
 * The file limit of the shell must be above the connections: `ulimit -n 20000`.
 */
import { parseArgs } from "node:util";
import { type LoadResult, LoadTool } from "./support/load.ts";
import { median, round } from "./support/numbers.ts";
import { createPeer, type PeerName } from "./support/peers.ts";
import { Results, type Verdict } from "./support/results.ts";
import { start } from "./support/servers.ts";

const { values } = parseArgs({
  options: {
    wsload: { type: "string" },
    peers: { type: "string" },
    idle: { type: "string", default: "10000" },
    storm: { type: "string", default: "5000" },
    rooms: { type: "string", default: "100" },
    reps: { type: "string", default: "2" },
    only: { type: "string", default: "parlance,socket.io,ws-naive" },
    out: { type: "string", default: "" },
  },
});

type Suite = "idle" | "storm";

interface Run {
  readonly name: PeerName;
  readonly suite: Suite;
  readonly result: LoadResult;
}

const count: Record<Suite, number> = { idle: Number(values.idle), storm: Number(values.storm) };
const options: Record<Suite, readonly string[]> = {
  idle: ["--mode", "idle", "--hold", "4"],
  storm: ["--mode", "storm", "--rounds", "2", "--pause", "3"],
};

async function measure(tool: LoadTool, folder: string): Promise<Run[]> {
  const runs: Run[] = [];
  for (const suite of ["idle", "storm"] as const) {
    const n = count[suite];
    for (let rep = 0; n > 0 && rep < Number(values.reps); rep += 1) {
      for (const name of values.only.split(",") as PeerName[]) {
        // A fresh server each time: memory that was given back is still the process's.
        const peer = await createPeer(name, { folder, connections: n, uwsNode: process.execPath });
        const server = await start(peer.spec);
        const common = ["-n", String(n), "--rooms", values.rooms, "--inflight", "256"];
        const all = [...options[suite], ...common, "--open-timeout", "60"];
        const result = await tool.run(peer.talk(), server.pid, all);
        await server.stop();
        runs.push({ name, suite, result });
        show({ name, suite, result });
      }
    }
  }
  return runs;
}

function show({ name, suite, result }: Run): void {
  const first = `${result.open_server_cpu_us_per_conn} us and ${result.conn_per_s}/s`;
  const again = `${result.reopen1_server_cpu_us_per_conn} us and ${result.reopen1_conn_per_s}/s`;
  const memory = `${result.rss_bytes_per_conn} bytes a connection`;
  const failed = `failed ${String(result["failed"])}`;
  console.log(`${name} ${suite}: ${memory}, connect ${first}, again ${again}, ${failed}`);
}

function judge(runs: readonly Run[]): Verdict[] {
  const of = (
    name: PeerName,
    suite: Suite,
    figure: (result: LoadResult) => number | undefined,
  ): number => {
    const mine = runs.filter((run) => run.name === name && run.suite === suite);
    return median(mine.map((run) => figure(run.result) ?? Number.NaN));
  };
  const ratio = (
    peer: PeerName,
    suite: Suite,
    figure: (result: LoadResult) => number | undefined,
  ): number => round(of("parlance", suite, figure) / of(peer, suite, figure));
  const memory = (result: LoadResult): number | undefined => result.rss_bytes_per_conn;
  const cpu = (result: LoadResult): number | undefined => result.open_server_cpu_us_per_conn;
  const cpuAgain = (result: LoadResult): number | undefined =>
    result.reopen1_server_cpu_us_per_conn;
  const rate = (result: LoadResult): number | undefined => result.conn_per_s;
  const rateAgain = (result: LoadResult): number | undefined => result.reopen1_conn_per_s;
  const most = (target: string, what: string, measured: number, limit: number): Verdict => ({
    target,
    what,
    wanted: `<= ${limit}`,
    measured,
    met: measured <= limit,
  });
  const least = (target: string, what: string, measured: number, limit: number): Verdict => ({
    target,
    what,
    wanted: `>= ${limit}`,
    measured,
    met: measured >= limit,
  });
  const failed = runs
    .filter((run) => run.name === "parlance")
    .reduce((sum, run) => sum + Number(run.result["failed"] ?? 1), 0);
  return [
    most(
      "P7",
      "memory of an idle connection, against socket.io",
      ratio("socket.io", "idle", memory),
      0.4,
    ),
    most(
      "P7",
      "memory of an idle connection, against bare ws",
      ratio("ws-naive", "idle", memory),
      0.9,
    ),
    most(
      "P8",
      "storm: CPU per connection, against socket.io",
      ratio("socket.io", "storm", cpu),
      0.35,
    ),
    least("P8", "storm: connections/s, against socket.io", ratio("socket.io", "storm", rate), 3),
    most(
      "P8",
      "storm after a drop: CPU, against socket.io",
      ratio("socket.io", "storm", cpuAgain),
      0.35,
    ),
    least("P8", "storm after a drop: connections/s", ratio("socket.io", "storm", rateAgain), 3),
    most("P8", "connections that failed", failed, 0),
  ].filter(({ measured }) => !Number.isNaN(measured));
}

if (values.wsload === undefined || values.peers === undefined) {
  throw new Error("give --wsload and --peers");
}
const results = new Results("connections", values.out);
const runs = await measure(new LoadTool(values.wsload), values.peers);
results.write({ verdicts: judge(runs), figures: runs });

/**
 * CPU per delivery of fan-out beside the peers, side by side in one run (goals P1, P3, P4). Ours does its whole job:
 * sign-in, rights, ids, presence, and each message committed and synced before it goes out; the peers only fan out.
 *
 *   node bench/fan-out.ts --wsload BINARY --peers FOLDER [--n 1000] [--reps 3] [--only parlance,socket.io,…]
 *        [--uws-node NODE] [--shapes isolated,w1,w16,rooms] [--name fan-out] [--out FOLDER]
 *
 * `--only parlance,parlance-pusher,socket.io --name fan-out-pusher` has subscribers that speak Pusher: beside our own wire and Socket.IO.
 */
import { parseArgs } from "node:util";
import { type LoadResult, LoadTool } from "./support/load.ts";
import { median, round } from "./support/numbers.ts";
import { createPeer, type Peer, type PeerName } from "./support/peers.ts";
import { Results, type Verdict } from "./support/results.ts";
import { type RunningServer, start } from "./support/servers.ts";

const { values } = parseArgs({
  options: {
    wsload: { type: "string" },
    peers: { type: "string" },
    n: { type: "string", default: "1000" },
    reps: { type: "string", default: "3" },
    only: { type: "string", default: "parlance,socket.io,ws-tick,ws-native,uws.js" },
    "uws-node": { type: "string", default: process.execPath },
    shapes: { type: "string", default: "isolated,w1,w16,rooms" },
    name: { type: "string", default: "fan-out" },
    out: { type: "string", default: "" },
  },
});

type Shape = "isolated" | "w1" | "w16" | "rooms";

const n = Number(values.n);
/** Deliveries a second of isolated messages, the same for every server: nothing can be merged. */
const isolatedRate = 20_000;
const roomCount = 100;

function optionsOf(shape: Shape): string[] {
  const base = ["-n", String(n), "--size", "128", "--inflight", "256", "--drain", "5"];
  const closed = [...base, "--mode", "burst", "--warmup", "0.5"];
  switch (shape) {
    case "isolated": {
      const rate = String(isolatedRate / n);
      const open = ["--mode", "fanout", "--publishers", "1", "--rate", rate];
      return [...base, ...open, "--warmup", "0.5", "--duration", "3"];
    }
    case "w1":
      return [...closed, "--publishers", "2", "--window", "1", "--duration", "2"];
    case "w16":
      return [...closed, "--publishers", "4", "--window", "16", "--duration", "2.5"];
    case "rooms": {
      const rooms = String(roomCount);
      const many = ["--rooms", rooms, "--publishers", rooms];
      return [...closed, ...many, "--window", "16", "--duration", "2.5"];
    }
    default:
      return shape satisfies never;
  }
}

interface Entry {
  readonly name: PeerName;
  readonly peer: Peer;
  readonly server: RunningServer;
  readonly runs: Map<Shape, LoadResult[]>;
}

const targets: readonly {
  readonly target: string;
  readonly shape: Shape;
  readonly peer: PeerName;
  readonly atMost: number;
  readonly wanted: string;
}[] = [
  { target: "P1", shape: "w16", peer: "socket.io", atMost: 1 / 18, wanted: "<= 1/18 (0.056)" },
  { target: "P1", shape: "w16", peer: "uws.js", atMost: 1, wanted: "<= 1.0" },
  { target: "P3", shape: "isolated", peer: "socket.io", atMost: 0.65, wanted: "<= 0.65" },
  { target: "P3", shape: "w1", peer: "socket.io", atMost: 0.65, wanted: "<= 0.65" },
  { target: "P3", shape: "isolated", peer: "uws.js", atMost: 1.1, wanted: "<= 1.1" },
  { target: "P3", shape: "w1", peer: "uws.js", atMost: 1.1, wanted: "<= 1.1" },
  { target: "P4", shape: "rooms", peer: "socket.io", atMost: 1 / 12, wanted: "<= 1/12 (0.083)" },
];

/** What a delivery to a page of Pusher's may cost, beside our own wire and beside Socket.IO: the same job in other words. */
const pusherBounds: readonly (readonly [PeerName, number])[] = [
  ["parlance", 1.3],
  ["socket.io", 1],
];

const what: Record<Shape, string> = {
  isolated: "isolated messages",
  w1: "one message in flight",
  w16: "16 messages in flight",
  rooms: `${roomCount} rooms of ${n / roomCount}, 16 in flight`,
};

async function main(): Promise<void> {
  if (values.wsload === undefined || values.peers === undefined) {
    throw new Error("give --wsload and --peers");
  }
  const results = new Results(values.name, values.out);
  const tool = new LoadTool(values.wsload);
  const shapes = values.shapes.split(",") as Shape[];
  const options = {
    folder: values.peers,
    connections: n + roomCount,
    uwsNode: values["uws-node"],
  };
  const entries: Entry[] = [];
  for (const name of values.only.split(",") as PeerName[]) {
    const peer = await createPeer(name, options);
    entries.push({ name, peer, server: await start(peer.spec), runs: new Map() });
  }
  const run = (entry: Entry, shape: Shape): Promise<LoadResult> =>
    tool.run(entry.peer.talk(), entry.server.pid, optionsOf(shape));
  try {
    for (const entry of entries) await run(entry, "w16");
    for (const shape of shapes) {
      for (let rep = 0; rep < Number(values.reps); rep += 1) {
        for (const entry of entries) {
          const result = await run(entry, shape);
          entry.runs.set(shape, [...(entry.runs.get(shape) ?? []), result]);
          show(entry.name, shape, result);
        }
      }
    }
  } finally {
    for (const { server } of entries) await server.stop();
  }
  results.write({
    verdicts: judge(entries),
    figures: entries.map(({ name, runs }) => ({ name, runs: Object.fromEntries(runs) })),
  });
}

function show(name: string, shape: Shape, result: LoadResult): void {
  const { server_cpu_us_per_del: cpu, del_per_s: rate, lat_us: latency } = result;
  const counts = `lost ${result.lost} doubled ${result.dup} out of order ${result.ooo}`;
  const times = `p50 ${latency?.p50} p99 ${latency?.p99} us`;
  const use = `use ${result.server_cpu_util} / ${result.self_cpu_util}`;
  console.log(`${name} ${shape}: ${cpu} us/delivery, ${rate}/s, ${times}, ${counts}, ${use}`);
}

function cpuOf(entries: readonly Entry[], name: PeerName, shape: Shape): number {
  const runs = entries.find((entry) => entry.name === name)?.runs.get(shape) ?? [];
  return median(runs.map((run) => run.server_cpu_us_per_del ?? Number.NaN));
}

function judge(entries: readonly Entry[]): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const { target, shape, peer, atMost, wanted } of targets) {
    const ratio = cpuOf(entries, "parlance", shape) / cpuOf(entries, peer, shape);
    if (Number.isNaN(ratio)) continue;
    const measured = round(ratio);
    const name = `${what[shape]}: CPU per delivery against ${peer}`;
    verdicts.push({ target, what: name, wanted, measured, met: ratio <= atMost });
  }
  for (const shape of values.shapes.split(",") as Shape[]) {
    for (const [peer, most] of pusherBounds) {
      const ratio = cpuOf(entries, "parlance-pusher", shape) / cpuOf(entries, peer, shape);
      if (Number.isNaN(ratio)) continue;
      const name = `${what[shape]}: CPU per delivery to Pusher's pages against ${peer}`;
      const wanted = `<= ${most.toFixed(1)}`;
      const measured = round(ratio);
      verdicts.push({ target: "Pusher", what: name, wanted, measured, met: ratio <= most });
    }
  }
  const ours = entries.filter(({ name }) => name.startsWith("parlance"));
  const runs = ours.flatMap((entry) => [...entry.runs.values()].flat());
  const wrong = runs.reduce(
    (sum, run) => sum + (run.lost ?? 1) + (run.dup ?? 1) + (run.ooo ?? 1),
    0,
  );
  const name = "lost, doubled or out of order in these runs";
  verdicts.push({ target: "P13", what: name, wanted: "0", measured: wrong, met: wrong === 0 });
  return verdicts;
}

await main();

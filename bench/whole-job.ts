/**
 * The whole job beside Socket.IO with PostgreSQL as its users write it (goal P16): authenticated sender, membership,
 * commit and sync, then fan-out. Figure: persisted and delivered messages per CPU-second, server and database
 * together.
 *
 *   node bench/whole-job.ts --wsload BINARY --peers FOLDER --postgres URL [--reps 3] [--out FOLDER]
 *        [--shapes 100x1w16,1000x1w16,1000x100w16,400x400w1,100x1w1]
 *
 * `--postgres` is a database of its own for this (its tables are dropped), with durable defaults, on this machine;
 * it is pinned to the load generator's core. A shape is CONNECTIONSxROOMSwWINDOW.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createClient } from "@parlance/client";
import { freePort } from "@parlance/testkit/server-process";
import { type LoadResult, LoadTool, type Talk } from "./support/load.ts";
import { median, round } from "./support/numbers.ts";
import { postmaster, seed } from "./support/postgres.ts";
import { Results, type Verdict } from "./support/results.ts";
import { dataDirectory, parlance, type RunningServer, secret, start } from "./support/servers.ts";
import { parlanceTalk, publishOptions, socketIoChatTalk } from "./support/talks.ts";
import { signToken, userTokens } from "./support/tokens.ts";

const { values } = parseArgs({
  options: {
    wsload: { type: "string" },
    peers: { type: "string" },
    postgres: { type: "string" },
    reps: { type: "string", default: "3" },
    shapes: { type: "string", default: "100x1w16,1000x1w16,1000x100w16,400x400w1,100x1w1" },
    out: { type: "string", default: "" },
  },
});

/** What the peer's servers were written with. */
const peerSecret = "bench-secret";

/** Times the peer's messages per CPU-second, for the shapes that have a target. */
const wantedTimes: Readonly<Record<string, number>> = {
  "100x1w16": 12,
  "1000x1w16": 20,
  "1000x100w16": 12,
  "400x400w1": 14,
  "100x1w1": 2,
};

interface Shape {
  readonly name: string;
  readonly n: number;
  readonly rooms: number;
  readonly window: number;
}

function shapeOf(name: string): Shape {
  const [, n = "", rooms = "", window = ""] = /^(\d+)x(\d+)w(\d+)$/.exec(name) ?? [];
  return { name, n: Number(n), rooms: Number(rooms), window: Number(window) };
}

function publishersOf({ rooms, window }: Shape): number {
  if (rooms > 1) return rooms;
  return window === 1 ? 2 : 4;
}

interface Side {
  readonly name: "parlance" | "socket.io+postgres";
  readonly server: RunningServer;
  readonly also: readonly string[];
  talk(): Talk;
}

/** One room is private, with everybody as a member; many are public, and everybody may read and write. */
async function ours(shape: Shape): Promise<Side> {
  const users = shape.n + publishersOf(shape);
  const tokens = userTokens(users + 1, secret);
  const port = await freePort();
  const server = await start(parlance(port, dataDirectory()));
  let room = "{room}";
  if (shape.rooms === 1) room = await privateRoom(port, tokens);
  const talk = parlanceTalk(port, tokens.slice(0, users), room);
  const next = (): Talk => ({ ...talk, options: publishOptions(room) });
  return { name: "parlance", server, also: [], talk: next };
}

async function privateRoom(port: number, tokens: readonly string[]): Promise<string> {
  const url = `ws://127.0.0.1:${port}/ws`;
  const owner = createClient({ url, token: tokens.at(-1) ?? "" });
  await owner.connect();
  const { room } = await owner.createRoom({ kind: "private", title: "Bench" });
  for (const [index, token] of tokens.slice(0, -1).entries()) {
    // A user exists from the first sign-in on.
    const member = createClient({ url, token });
    await member.connect();
    await owner.room(room).addMember(`u${index}`);
    member.close();
  }
  owner.close();
  return room;
}

async function theirs(shape: Shape, folder: string, url: string): Promise<Side> {
  const users = shape.n + publishersOf(shape);
  const chat = join(folder, "chatlike");
  seed(url, readFileSync(join(chat, "schema-pg.sql"), "utf8"), users, shape.rooms, shape.n);
  const exp = Math.floor(Date.now() / 1_000) + 86_400;
  const tokens = Array.from({ length: users }, (_, index) =>
    signToken({ userId: index + 1, username: `user${index}`, exp }, peerSecret),
  );
  const port = await freePort();
  const command = [process.execPath, join(chat, "socketio-pg.mjs"), String(port), url];
  const name = "socket.io+postgres";
  const server = await start({ name, port, command, env: { PRESENCE: "0" } });
  await sleep(1_000);
  const also = ["--also-pid", String(postmaster(url))];
  return { name, server, also, talk: () => socketIoChatTalk(port, tokens) };
}

interface Run {
  readonly name: Side["name"];
  readonly shape: string;
  readonly messagesPerCpuSecond: number;
  readonly result: LoadResult;
}

async function measure(tool: LoadTool, side: Side, shape: Shape, label: string): Promise<Run> {
  const { name } = side;
  const result = await tool.run(side.talk(), side.server.pid, [
    ...["-n", String(shape.n), "--rooms", String(shape.rooms), "--size", "128"],
    ...["--mode", "burst", "--publishers", String(publishersOf(shape))],
    ...["--window", String(shape.window), "--warmup", "0.7", "--duration", "2.5"],
    ...["--inflight", "64", "--drain", "8", "--label", label, ...side.also],
  ]);
  const { server_cpu_us_per_msg: server = Number.NaN, also_cpu_us_per_msg: database = 0 } = result;
  const messagesPerCpuSecond = round(1e6 / (server + database), 4);
  const run = { name, shape: shape.name, messagesPerCpuSecond, result };
  const rate = Math.round((result.published ?? 0) / (result.wall_s ?? 1));
  const counts = `lost ${result.lost} doubled ${result.dup} out of order ${result.ooo}`;
  const cpu = `${server} + ${database} us a message`;
  console.log(`${name} ${shape.name}: ${messagesPerCpuSecond}/CPU-s, ${cpu}, ${rate}/s, ${counts}`);
  return run;
}

async function compare(
  tool: LoadTool,
  shape: Shape,
  folder: string,
  url: string,
): Promise<readonly Run[]> {
  const sides = [await ours(shape), await theirs(shape, folder, url)];
  const runs: Run[] = [];
  try {
    for (let rep = 0; rep < Number(values.reps); rep += 1) {
      for (const side of sides) {
        runs.push(await measure(tool, side, shape, `${side.name}-${shape.name}`));
        await sleep(500 + shape.n);
      }
    }
  } finally {
    for (const { server } of sides) await server.stop();
  }
  return runs;
}

function judge(runs: readonly Run[], { name: shape }: Shape): Verdict[] {
  const of = (name: Side["name"]): readonly Run[] =>
    runs.filter((run) => run.name === name && run.shape === shape);
  const middle = (name: Side["name"]): number =>
    median(of(name).map((run) => run.messagesPerCpuSecond));
  const mine = middle("parlance");
  const peer = middle("socket.io+postgres");
  const times = round(mine / peer);
  const wanted = wantedTimes[shape];
  const wrong = of("parlance").reduce(
    (sum, { result }) => sum + (result.lost ?? 1) + (result.dup ?? 1) + (result.ooo ?? 1),
    0,
  );
  return [
    {
      target: "P16",
      what: `${shape}: messages per CPU-second, ${mine} against ${peer}`,
      wanted: wanted === undefined ? "-" : `>= ${wanted}x`,
      measured: `${times}x`,
      met: wanted === undefined || times >= wanted,
    },
    {
      target: "P16",
      what: `${shape}: lost, doubled or out of order`,
      wanted: "0",
      measured: wrong,
      met: wrong === 0,
    },
  ];
}

const { wsload, peers, postgres } = values;
if (wsload === undefined || peers === undefined || postgres === undefined) {
  throw new Error("give --wsload, --peers and --postgres");
}
const results = new Results("whole-job", values.out);
const tool = new LoadTool(wsload);
execFileSync("taskset", ["-a", "-p", "-c", "1", String(postmaster(postgres))], { stdio: "ignore" });
const shapes = values.shapes.split(",").map(shapeOf);
const runs: Run[] = [];
for (const shape of shapes) runs.push(...(await compare(tool, shape, peers, postgres)));
results.write({
  verdicts: shapes.flatMap((shape) => judge(runs, shape)),
  figures: runs,
  notes: ["400x400w1 is rooms of one."],
});
process.exit(0);

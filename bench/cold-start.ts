/**
 * Cold start with a long history, beside Socket.IO's empty server (goal P12): until connections are taken, and until
 * a client has its first usable frame (ours: signed in and subscribed with the last 50 messages; theirs: connected).
 *
 *   node bench/cold-start.ts --peers FOLDER [--messages 1000000] [--reps 7] [--data FOLDER] [--out FOLDER]
 *
 * The process starts as users' do, from its bundle if there is one (`node scripts/build-server.ts`). CPU is what other work on the
 * machine moves least.
 *
 * `--data` keeps the history for the next run. The file cache is warm: what is measured is the program.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Append } from "@parlance/core";
import type { ClientMessageId, EventId, Principal, RoomId, UserId } from "@parlance/protocol";
import { openSqlite } from "@parlance/storage/sqlite";
import { freePort } from "@parlance/testkit/server-process";
import { cpuMs } from "./support/machine.ts";
import { median, round } from "./support/numbers.ts";
import { Results } from "./support/results.ts";
import { dataDirectory, parlance, type ServerSpec, secret, start } from "./support/servers.ts";
import { userTokens } from "./support/tokens.ts";

const { values } = parseArgs({
  options: {
    peers: { type: "string" },
    messages: { type: "string", default: "1000000" },
    reps: { type: "string", default: "7" },
    data: { type: "string", default: "" },
    out: { type: "string", default: "" },
  },
});

const roomCount = 100;

function message(n: number): Append {
  const user = `u${n % 1_000}`;
  return {
    room: `r${n % roomCount}` as RoomId,
    id: `e${String(n).padStart(19, "0")}` as EventId,
    author: user as UserId,
    principal: user as Principal,
    clientMessageId: `c${n}` as ClientMessageId,
    time: 1_700_000_000_000 + n,
    event: {
      type: "message.created",
      data: { text: `message ${n} `.padEnd(128, "x"), author_name: user },
    },
  };
}

async function makeHistory(directory: string, count: number): Promise<void> {
  if (existsSync(join(directory, "parlance.db"))) return;
  const store = await openSqlite({ directory });
  for (let n = 0; n < roomCount; n += 1) {
    const created = { kind: "public", title: `Room ${n}`, createdAt: 0 } as const;
    await store.log.open(`r${n}` as RoomId, created);
  }
  const batch = 10_000;
  for (let from = 0; from < count; from += batch) {
    const size = Math.min(batch, count - from);
    await Promise.all(Array.from({ length: size }, (_, n) => store.log.append(message(from + n))));
  }
  await store.close();
}

/** Opens a socket again and again until it opens, sends the first frames, resolves at the wanted answer. */
async function usable(url: string, steps: readonly (readonly [string, string])[]): Promise<void> {
  for (;;) {
    try {
      await converse(url, steps);
      return;
    } catch {
      await sleep(2);
    }
  }
}

function converse(url: string, steps: readonly (readonly [string, string])[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    let step = 0;
    const speak = (): void => {
      const [text] = steps[step] ?? [""];
      if (text !== "") socket.send(text);
    };
    socket.onopen = speak;
    socket.onerror = () => reject(new Error("not yet"));
    socket.onmessage = ({ data }) => {
      if (!String(data).includes(steps[step]?.[1] ?? "")) return;
      step += 1;
      if (step < steps.length) {
        speak();
        return;
      }
      socket.close();
      resolve();
    };
  });
}

interface Cold {
  readonly listeningMs: number;
  readonly usableMs: number;
  /** Of the process with all its threads, until the first usable frame. */
  readonly cpuMs: number;
}

async function coldStart(
  spec: ServerSpec,
  url: string,
  steps: readonly (readonly [string, string])[],
  wayOut: "stop" | "kill",
): Promise<Cold> {
  const begun = performance.now();
  const { readyPath: _, ...bare } = spec;
  const server = await start(bare);
  await usable(url, steps);
  const usableMs = performance.now() - begun;
  const cpu = cpuMs(server.pid);
  await sleep(300);
  await server[wayOut]();
  return { listeningMs: server.listeningMs, usableMs, cpuMs: cpu };
}

if (values.peers === undefined) throw new Error("give --peers");
const results = new Results("cold-start", values.out);
const count = Number(values.messages);
const directory = values.data === "" ? dataDirectory() : values.data;
await makeHistory(directory, count);
const [token = ""] = userTokens(1, secret);
const ours: Cold[] = [];
const afterKill: Cold[] = [];
const theirs: Cold[] = [];
const reps = Number(values.reps);
for (let rep = 0; rep < reps; rep += 1) {
  const port = await freePort();
  const signIn = JSON.stringify({ type: "sign_in", id: 1, token });
  const subscribe = JSON.stringify({ type: "subscribe", id: 2, room: "r7", last: 50 });
  // Of a hundred rooms with as many messages each, this is the last message of room 7.
  const lastSequence = `"sequence":${count / roomCount}`;
  const steps = [
    [signIn, '{"type":"reply","id":1'],
    [subscribe, lastSequence],
  ] as const;
  const url = `ws://127.0.0.1:${port}/ws`;
  const spec = parlance(port, directory);
  ours.push(await coldStart(spec, url, steps, "stop"));
  await coldStart(spec, url, steps, "kill");
  afterKill.push(await coldStart(spec, url, steps, "stop"));
  const other = await freePort();
  const command = [process.execPath, join(values.peers, "socketio.mjs"), String(other)];
  const socketIo = `ws://127.0.0.1:${other}/socket.io/?EIO=4&transport=websocket`;
  const connect = [
    ["", "0{"],
    ["40", "40{"],
  ] as const;
  theirs.push(
    await coldStart({ name: "socket.io", port: other, command }, socketIo, connect, "stop"),
  );
}

const middle = (colds: readonly Cold[], which: keyof Cold): number =>
  median(colds.map((cold) => cold[which]));
const verdict = (what: string, colds: readonly Cold[], which: keyof Cold, limit: number) => {
  const mine = middle(colds, which);
  const reference = middle(theirs, which);
  const ratio = round(mine / reference);
  return {
    target: "P12",
    what: `${what}: ${Math.round(mine)} ms against socket.io's ${Math.round(reference)} ms`,
    wanted: `<= ${limit}`,
    measured: ratio,
    met: ratio <= limit,
  };
};
results.write({
  verdicts: [
    verdict("listening", ours, "listeningMs", 1),
    verdict("first usable frame", ours, "usableMs", 1.5),
    verdict("CPU until the first usable frame", ours, "cpuMs", 1),
    verdict("listening after kill -9", afterKill, "listeningMs", 1),
    verdict("first usable frame after kill -9", afterKill, "usableMs", 1.5),
  ],
  figures: { messages: count, ours, afterKill, socketIo: theirs },
});
process.exit(0);

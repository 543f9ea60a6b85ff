/**
 * A document with twenty editors who all write, beside the reference server of `y-websocket` 2 in one run: the wire, the time from an edit
 * until another editor has it, and the server's CPU. Ours does its whole job: sign-in, rights, and each update stored on the disk before
 * anybody is told of it. The reference server keeps documents in memory only and lets everybody in.
 *
 *   node bench/documents-editors.ts [--editors 20] [--rate 5] [--window 4] [--seconds 5] [--reps 3] [--out FOLDER]
 */
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort } from "@parlance/testkit/server-process";
import { DocumentEditor, type DocumentPlace } from "./support/document-editors.ts";
import { cpuMs } from "./support/machine.ts";
import { median, quantile, round } from "./support/numbers.ts";
import { Results } from "./support/results.ts";
import { dataDirectory, parlance, type RunningServer, secret, start } from "./support/servers.ts";
import { userTokens } from "./support/tokens.ts";

const { values } = parseArgs({
  options: {
    editors: { type: "string", default: "20" },
    rate: { type: "string", default: "5" },
    window: { type: "string", default: "4" },
    seconds: { type: "string", default: "5" },
    reps: { type: "string", default: "3" },
    out: { type: "string", default: "" },
  },
});

const count = Number(values.editors);
/** Edits a second of each, where they type. */
const rate = Number(values.rate);
/** Edits of each that are under way, where they write as fast as it goes. */
const window = Number(values.window);
const seconds = Number(values.seconds);
const warmupMs = 1_000;
const drainMs = 20_000;

const manners = ["typing", "as fast as it goes"] as const;
type Manner = (typeof manners)[number];

/** One server of the comparison. */
interface Peer {
  readonly name: "parlance" | "y-websocket 2";
  readonly server: RunningServer;
  /** A document that is empty, and how each editor reaches it. */
  newDocument(name: string): Promise<(editor: number) => DocumentPlace>;
}

/** One repetition. Times in milliseconds unless they say otherwise. */
interface Run {
  readonly peer: Peer["name"];
  readonly manner: Manner;
  readonly updates: number;
  readonly updatesPerSecond: number;
  readonly bytesPerUpdateAndReader: number;
  readonly p50: number;
  readonly p99: number;
  readonly serverCpuUsPerUpdate: number;
  /** CPU of the measuring process by the clock: near 1 the rate is its own. */
  readonly ownUse: number;
  /** Edits that the next editor did not hear of, or heard twice, or that somebody new does not find. */
  readonly missed: number;
  readonly doubled: number;
  readonly absent: number;
}

async function ours(): Promise<Peer> {
  const port = await freePort();
  const server = await start(parlance(port, dataDirectory(), { PARLANCE_LISTEN: "none" }));
  const tokens = userTokens(count, secret);
  const headers = (user: number): Record<string, string> => ({
    authorization: `Bearer ${tokens[user]}`,
  });
  const call = async (user: number, method: string, path: string, body?: object) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: {
        ...headers(user),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as { readonly room?: string };
  };
  for (let user = 0; user < count; user += 1) await call(user, "GET", "/rooms");
  return {
    name: "parlance",
    server,
    async newDocument(title) {
      const { room } = await call(0, "POST", "/rooms", { kind: "document", title });
      for (let user = 1; user < count; user += 1) {
        await call(0, "PUT", `/rooms/${room}/members/u${user}`, { role: "member" });
      }
      const url = `ws://127.0.0.1:${port}/yjs/${room}`;
      return (editor) => ({ url, headers: headers(editor) });
    },
  };
}

async function reference(): Promise<Peer> {
  const port = await freePort();
  const folder = dirname(createRequire(import.meta.url).resolve("y-websocket-2/package.json"));
  const server = await start({
    name: "y-websocket 2",
    port,
    // With the variable, even an empty one, it would store.
    command: ["env", "-u", "YPERSISTENCE", process.execPath, join(folder, "bin/server.cjs")],
    env: { HOST: "127.0.0.1", PORT: String(port) },
  });
  const place = (name: string): DocumentPlace => ({
    url: `ws://127.0.0.1:${port}/${encodeURIComponent(name)}`,
  });
  return { name: "y-websocket 2", server, newDocument: async (name) => () => place(name) };
}

/** Counts what the next editor hears of each one's edits, and how long that took. */
class Hearing {
  readonly latencies: number[] = [];
  readonly #sentAt = new Map<string, number>();
  readonly #heard = new Set<string>();
  doubled = 0;

  sent(editor: number, edit: number): void {
    this.#sentAt.set(`${editor}.${edit}`, performance.now());
  }

  /** @returns whether it is news. */
  heard(editor: number, edit: number): boolean {
    const key = `${editor}.${edit}`;
    const at = this.#sentAt.get(key);
    if (at === undefined) return false;
    if (this.#heard.has(key)) {
      this.doubled += 1;
      return false;
    }
    this.#heard.add(key);
    this.latencies.push(performance.now() - at);
    return true;
  }

  get missed(): number {
    return this.#sentAt.size - this.#heard.size;
  }
}

/** Everybody writes for so long. Resolves when everything has come, or is not waited for any longer. */
async function write(
  editors: readonly DocumentEditor[],
  manner: Manner,
  ms: number,
): Promise<Hearing> {
  const hearing = new Hearing();
  const end = performance.now() + ms;
  const edit = (editor: DocumentEditor): void => {
    // Before it is sent, as the edit's update is sent at once.
    hearing.sent(editor.index, editor.edits);
    editor.edit();
  };
  for (const [at, editor] of editors.entries()) {
    const next = editors[(at + 1) % editors.length];
    if (next === undefined) throw new Error("nobody");
    next.heard = (whose, which) => {
      // One reader of each is enough; the others get the same at the same moment.
      if (whose !== editor.index || !hearing.heard(whose, which)) return;
      if (manner === "as fast as it goes" && performance.now() < end) edit(editor);
    };
  }
  if (manner === "typing") {
    const everyMs = 1_000 / rate;
    await Promise.all(
      editors.map(async (editor, at) => {
        await sleep((everyMs * at) / editors.length);
        for (let due = performance.now(); due < end; due += everyMs) {
          edit(editor);
          await sleep(Math.max(0, due + everyMs - performance.now()));
        }
      }),
    );
  } else {
    for (const editor of editors) for (let one = 0; one < window; one += 1) edit(editor);
    await sleep(ms);
  }
  for (const late = performance.now() + drainMs; hearing.missed > 0; await sleep(5)) {
    if (performance.now() > late) break;
  }
  for (const editor of editors) editor.heard = undefined;
  return hearing;
}

const sum = (figures: readonly number[]): number => figures.reduce((all, one) => all + one, 0);

async function measure(peer: Peer, manner: Manner, rep: number): Promise<Run> {
  const place = await peer.newDocument(`${manner} ${rep}`);
  const editors: DocumentEditor[] = [];
  for (let index = 0; index < count; index += 1) {
    editors.push(await DocumentEditor.open(index, place(index)));
  }
  try {
    await write(editors, manner, warmupMs);
    const edits = (): number => sum(editors.map((editor) => editor.edits));
    const bytes = (): number => sum(editors.map((editor) => editor.bytesRead));
    const before = { edits: edits(), bytes: bytes(), cpu: cpuMs(peer.server.pid) };
    const own = process.cpuUsage();
    const began = performance.now();
    const hearing = await write(editors, manner, seconds * 1_000);
    const ms = performance.now() - began;
    const { user, system } = process.cpuUsage(own);
    const cpu = cpuMs(peer.server.pid) - before.cpu;
    const updates = edits() - before.edits;
    const ended = editors.find((editor) => editor.ended !== undefined);
    if (ended !== undefined) throw new Error(`${peer.name}: editor ${ended.index} ${ended.ended}`);
    const found = await DocumentEditor.read(place(0));
    const isThere = ({ index, text }: DocumentEditor): boolean =>
      found.getText(`p${index}`).toJSON() === text;
    return {
      peer: peer.name,
      manner,
      updates,
      updatesPerSecond: round((updates / ms) * 1_000),
      bytesPerUpdateAndReader: round((bytes() - before.bytes) / updates / (count - 1)),
      p50: round(quantile(hearing.latencies, 0.5)),
      p99: round(quantile(hearing.latencies, 0.99)),
      serverCpuUsPerUpdate: round((cpu * 1_000) / updates),
      ownUse: round((user + system) / 1_000 / ms),
      missed: hearing.missed,
      doubled: hearing.doubled,
      absent: editors.filter((editor) => !isThere(editor)).length,
    };
  } finally {
    for (const editor of editors) editor.close();
  }
}

const compared = [
  "updatesPerSecond",
  "bytesPerUpdateAndReader",
  "p50",
  "p99",
  "serverCpuUsPerUpdate",
] as const;

/** Medians of ours beside those of the reference server: ours divided by theirs. */
function ratios(runs: readonly Run[], manner: Manner): Record<string, number> {
  const of = (peer: Peer["name"], figure: (typeof compared)[number]): number =>
    median(runs.filter((run) => run.peer === peer && run.manner === manner).map((r) => r[figure]));
  return Object.fromEntries(
    compared.map((figure) => [figure, round(of("parlance", figure) / of("y-websocket 2", figure))]),
  );
}

const results = new Results("documents-editors", values.out);
// Who measures has the other core.
execFileSync("taskset", ["-a", "-c", "-p", "1", String(process.pid)], { stdio: "ignore" });
const peers: Peer[] = [];
const runs: Run[] = [];
try {
  peers.push(await ours(), await reference());
  for (let rep = 0; rep < Number(values.reps); rep += 1) {
    for (const manner of manners) {
      for (const peer of peers) {
        const run = await measure(peer, manner, rep);
        runs.push(run);
        console.log(JSON.stringify(run));
      }
    }
  }
} finally {
  for (const { server } of peers) await server.stop();
}
const wrong = sum(
  runs
    .filter(({ peer }) => peer === "parlance")
    .map((run) => run.missed + run.doubled + run.absent),
);
results.write({
  verdicts: [
    {
      target: "I-2",
      what: "edits missed, heard twice, or absent for somebody new",
      wanted: "0",
      measured: wrong,
      met: wrong === 0,
    },
  ],
  figures: { ratios: manners.map((manner) => ({ manner, ...ratios(runs, manner) })), runs },
  notes: ["ours stores each update before it tells of it; the reference server stores nothing"],
});
for (const manner of manners) {
  console.log(`${manner}, ours to y-websocket 2:`, JSON.stringify(ratios(runs, manner)));
}
process.exit(0);

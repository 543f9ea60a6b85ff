/**
 * Isolation of faults in every dialect (I-26): well-behaved clients talk in a room, first among themselves, then while
 * one client of their dialect misbehaves in the same room. Acknowledgements without and with stand side by side, from
 * one run at one server. Exits with 1 where a target is missed.
 *
 *   node bench/isolation.ts [--dialects native,sse] [--deeds "bad frames"] [--seconds 5] [--reps 3] [--lines 1]
 *     [--out FOLDER]
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort } from "@parlance/testkit/server-process";
import { type Innocent, openInnocent, type Said, talk } from "./support/innocents.ts";
import { median, quantile, round } from "./support/numbers.ts";
import { Results, type Verdict } from "./support/results.ts";
import { type Deed, deeds, type RogueCounts, type RogueOrder } from "./support/rogue.ts";
import { dataDirectory, parlance, start } from "./support/servers.ts";
import { oneRoom, voices } from "./support/voices.ts";

const { values } = parseArgs({
  options: {
    dialects: { type: "string", default: "" },
    deeds: { type: "string", default: "" },
    seconds: { type: "string", default: "5" },
    reps: { type: "string", default: "3" },
    lines: { type: "string", default: "1" },
    out: { type: "string", default: "" },
  },
});

const seconds = Number(values.seconds);
const reps = Number(values.reps);
/** Of the one who reads nothing, and attempts at once of the one who comes and goes. */
const lines = Number(values.lines);
const allDialects = [...voices.map(({ dialect }) => dialect), "sse"];
const dialects = values.dialects === "" ? allDialects : values.dialects.split(",");
const tried = values.deeds === "" ? deeds : deeds.filter((deed) => values.deeds.includes(deed));
const innocentCount = 6;
/** Ten messages a second of each. */
const everyMs = 100;
const allowedMs = 250;
/** What a misbehaving client has to have done for the run to say anything, per second. */
const fewest: Readonly<Record<Deed, (counts: RogueCounts) => number>> = {
  "bad frames": ({ sent }) => sent / 100,
  "good frames": ({ sent }) => sent / 100,
  "reads nothing": ({ sent }) => sent / 100,
  "connect storm": ({ opened }) => opened / 20,
};
/** Before a way of misbehaving is measured beside, it may get going; afterwards the server may come to rest. */
const beginMs = 500;
const restMs = 1_000;

/** One phase of one repetition. */
interface Phase {
  readonly dialect: string;
  /** `undefined`: nobody misbehaved. */
  readonly deed: Deed | undefined;
  readonly rep: number;
  readonly said: Said;
  readonly p50: number;
  readonly p99: number;
  /** How late this process itself was, p99 in ms: what of the above is not the server's. */
  readonly ownLateMs: number;
  readonly rogue?: RogueCounts;
}

async function misbehaving(order: RogueOrder): Promise<{ stop(): Promise<RogueCounts> }> {
  // It yields to this process, with which it shares a core: what is measured is the server, not who measures.
  const script = join(import.meta.dirname, "support/rogue.ts");
  const command = ["-n", "15", process.execPath, script, JSON.stringify(order)];
  const child = spawn("nice", command, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  await once(child, "message");
  await sleep(beginMs);
  return {
    async stop() {
      if (child.exitCode !== null) throw new Error(`the rogue ended with ${child.exitCode}`);
      const counts = once(child, "message");
      child.send("stop");
      const [told] = (await counts) as [RogueCounts];
      if (child.exitCode === null) await once(child, "exit");
      return told;
    },
  };
}

async function measure(dialect: string, rep: number): Promise<Phase[]> {
  const port = await freePort();
  const settings = { ...oneRoom, PARLANCE_LISTEN: "none" };
  const server = await start(parlance(port, dataDirectory(), settings));
  const url = `http://127.0.0.1:${port}`;
  const voice = voices.find((other) => other.dialect === dialect);
  const innocents: Innocent[] = [];
  const phases: Phase[] = [];
  for (let index = 0; index < innocentCount; index += 1) {
    innocents.push(await openInnocent(voice, url, 100 + index));
  }
  // A new process compiles while it serves its first messages; that is not what is asked here.
  await talk(innocents, "warm-up", { seconds: 2, everyMs });
  for (const deed of [undefined, ...tried]) {
    const topic = `${deed ?? "quiet"} ${rep}`;
    const firstUser = 1_000 * (2 + deeds.indexOf(deed ?? "bad frames"));
    const rogue =
      deed === undefined ? undefined : await misbehaving({ url, dialect, deed, firstUser, lines });
    const late = monitorEventLoopDelay({ resolution: 5 });
    late.enable();
    const speech = talk(innocents, topic, { seconds, everyMs });
    await sleep(seconds * 1_000);
    const counts = await rogue?.stop();
    late.disable();
    const ownLateMs = round(late.percentile(99) / 1e6);
    const said = await speech;
    const [p50, p99] = [round(quantile(said.ackMs, 0.5)), round(quantile(said.ackMs, 0.99))];
    const more = counts === undefined ? {} : { rogue: counts };
    phases.push({ dialect, deed, rep, said, p50, p99, ownLateMs, ...more });
    console.log(
      `${dialect} ${rep}, ${deed ?? "nobody"}: p50 ${p50} ms, p99 ${p99} ms (itself late: ${ownLateMs} ms)`,
    );
    await sleep(restMs);
  }
  for (const innocent of innocents) innocent.close();
  await server.stop();
  return phases;
}

/** `median (least-most)` over the repetitions. */
function spread(numbers: readonly number[]): string {
  return `${round(median(numbers))} (${Math.min(...numbers)}-${Math.max(...numbers)})`;
}

function verdictsOn(dialect: string, phases: readonly Phase[]): Verdict[] {
  const quiet = phases.filter(({ deed }) => deed === undefined);
  const verdicts: Verdict[] = [];
  for (const deed of tried) {
    const loud = phases.filter((phase) => phase.deed === deed);
    const p99 = loud.map((phase) => phase.p99);
    const ratio = round(median(p99) / median(quiet.map((phase) => phase.p99)), 2);
    const acks = loud.reduce((sum, { said }) => sum + said.ackMs.length, 0);
    verdicts.push({
      target: "I-26",
      what: `${dialect}, ${deed}: p50; p99 of ${acks} acknowledgements, median (least-most) of ${loud.length}; without: ${spread(quiet.map((phase) => phase.p50))}; ${spread(quiet.map((phase) => phase.p99))} ms`,
      wanted: `p99 < ${allowedMs} ms each time`,
      measured: `${spread(loud.map((phase) => phase.p50))}; ${spread(p99)} ms, ${ratio} times the p99 without`,
      met: loud.length > 0 && p99.every((ms) => ms < allowedMs),
    });
  }
  const sum = (count: (said: Said) => number): number =>
    phases.reduce((total, { said }) => total + count(said), 0);
  const lost = sum((said) => said.unacknowledged + said.missing + said.doubled);
  const disconnected = Math.max(...phases.map(({ said }) => said.disconnected));
  verdicts.push({
    target: "I-26",
    what: `${dialect}: of ${sum((said) => said.deliveries)} deliveries missing, doubled; unacknowledged; innocents disconnected`,
    wanted: "0, 0; 0; 0",
    measured: `${sum((said) => said.missing)}, ${sum((said) => said.doubled)}; ${sum((said) => said.unacknowledged)}; ${disconnected}`,
    met: lost === 0 && disconnected === 0,
  });
  const idle = phases.filter(
    ({ deed, rogue }) =>
      deed !== undefined && (rogue === undefined || fewest[deed](rogue) < seconds),
  );
  verdicts.push({
    target: "setup",
    what: `${dialect}: repetitions in which a client misbehaved less than planned`,
    wanted: "0",
    measured: idle.length,
    met: idle.length === 0,
  });
  return verdicts;
}

// Each server's directory is removed at the end of this process, by a listener of its own.
process.setMaxListeners(0);
const results = new Results("isolation", values.out);
// Beside the server's core, as everything that is measured with; who misbehaves is started from here.
execFileSync("taskset", ["-a", "-c", "-p", "1", String(process.pid)], { stdio: "ignore" });
const phases: Phase[] = [];
for (let rep = 1; rep <= reps; rep += 1) {
  for (const dialect of dialects) phases.push(...(await measure(dialect, rep)));
}
const verdicts = dialects.flatMap((dialect) =>
  verdictsOn(
    dialect,
    phases.filter((phase) => phase.dialect === dialect),
  ),
);
const figures = phases.map(({ said: { ackMs, ...said }, ...phase }) => ({
  ...phase,
  acks: ackMs.length,
  max: round(Math.max(...ackMs)),
  ...said,
}));
results.write({ verdicts, figures });
process.exit(verdicts.every(({ met }) => met) ? 0 : 1);

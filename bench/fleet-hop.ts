/**
 * What a chat message costs on its way from one node to another (goal P11): CPU of Node for announcing and hearing it, both in
 * this process, and the time that the hop adds. The whole broker is in it: encoding, the broker's message, checking what came.
 *
 *   node bench/fleet-hop.ts [--only redis,nats,rabbitmq,ipc] [--seconds 3] [--reps 3] [--out FOLDER]
 *
 * *rate*: 2,000 messages a second, one at a time, as 2,000 lightly used rooms would have them. *load*: 32 messages of one turn in one
 * room, 16 such turns on their way. Services are taken at their usual ports of this machine, or where
 * `packages/testkit/src/services.ts` says.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createIpcBroker, createIpcHub } from "@parlance/broker/ipc";
import { createNatsBroker } from "@parlance/broker/nats";
import { createRabbitmqBroker } from "@parlance/broker/rabbitmq";
import { createRedisBroker } from "@parlance/broker/redis";
import type { Broker, CommittedEvent, Notice, Subject } from "@parlance/core";
import { median, quantile, round } from "./support/numbers.ts";
import { Results, type Verdict } from "./support/results.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "redis,nats,rabbitmq,ipc" },
    seconds: { type: "string", default: "3" },
    reps: { type: "string", default: "3" },
    out: { type: "string", default: "" },
  },
});

const urls: Readonly<Record<string, string>> = {
  redis: process.env["PARLANCE_TEST_REDIS_URL"] ?? "redis://127.0.0.1:6379",
  nats: process.env["PARLANCE_TEST_NATS_URL"] ?? "nats://127.0.0.1:4222",
  rabbitmq: process.env["PARLANCE_TEST_RABBITMQ_URL"] ?? "amqp://guest:guest@127.0.0.1:5672",
};
const seconds = Number(values.seconds);
const ratePerSecond = 2_000;
const turnMessages = 32;
const turnsOnTheWay = 16;
const room = "bench:general" as Subject;

interface Run {
  readonly shape: "rate" | "load";
  readonly messages: number;
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Pair {
  readonly from: Broker;
  readonly to: Broker;
}

const hubPath = join(mkdtempSync(join(tmpdir(), "parlance-bench-")), "hub");

function open(name: string, nodeId: string): Promise<Broker> {
  const installId = `bench-${process.pid}`;
  const options = { url: urls[name] ?? "", installId, nodeId, report: console.error };
  switch (name) {
    case "redis":
      return createRedisBroker(options);
    case "nats":
      return createNatsBroker(options);
    case "rabbitmq":
      return createRabbitmqBroker(options);
    default:
      return createIpcBroker({ installId, nodeId, report: console.error, path: hubPath });
  }
}

/** A text of 128 characters, 340 bytes as a frame. */
function message(sequence: number): CommittedEvent {
  const frame = {
    type: "message.created",
    room,
    sequence,
    id: `01JDQ7Z5S0${String(sequence).padStart(16, "0")}`,
    author: `u_${sequence % 50}aBcDeFgHiJ`,
    time: "2026-11-27T05:19:48.123Z",
    client_message_id: `cid-${sequence}-0123456789`,
    data: { text: "The quick brown fox. ".repeat(6).padEnd(128, "."), author_name: "Ada Lovelace" },
  };
  return { sequence, revision: 3, countable: sequence, frame } as unknown as CommittedEvent;
}

function committed(events: readonly CommittedEvent[]): Notice {
  return { type: "committed", epoch: "1a2b.3c4d", events } as unknown as Notice;
}

/** Messages are made before, since core has them anyway. */
const prepared = Array.from({ length: 4_096 }, (_, n) => message(n + 1));

async function measure({ from, to }: Pair, shape: Run["shape"]): Promise<Run> {
  const waits: number[] = [];
  const sentAt: number[] = [];
  let heardTurns = 0;
  let heardMessages = 0;
  let onHeard = (): void => {};
  const unsubscribe = await to.subscribe(room, (notice) => {
    if (notice.type !== "committed") return;
    waits.push(performance.now() - (sentAt[heardTurns] ?? 0));
    heardTurns += 1;
    heardMessages += notice.events.length;
    onHeard();
  });
  const size = shape === "load" ? turnMessages : 1;
  const announce = (): void => {
    const first = (sentAt.length * size) % prepared.length;
    from.publish(room, committed(prepared.slice(first, first + size)));
    sentAt.push(performance.now());
  };
  const begun = performance.now();
  const endAt = begun + seconds * 1_000;
  const cpu = process.cpuUsage();
  await new Promise<void>((resolve) => {
    if (shape === "load") {
      onHeard = () => {
        if (performance.now() >= endAt) resolve();
        // A turn of its own for each, as ticks of the event loop are.
        else setImmediate(announce);
      };
      let turns = 0;
      const next = (): void => {
        announce();
        turns += 1;
        if (turns < turnsOnTheWay) setImmediate(next);
      };
      next();
      return;
    }
    let due = begun;
    const tick = (): void => {
      const now = performance.now();
      if (now >= endAt) {
        resolve();
        return;
      }
      if (now >= due) {
        announce();
        due = Math.max(due + 1_000 / ratePerSecond, now - 5);
      }
      if (due - now > 1) setTimeout(tick, due - now);
      else setImmediate(tick);
    };
    tick();
  });
  const used = process.cpuUsage(cpu);
  const tookMs = performance.now() - begun;
  await new Promise((resolve) => setTimeout(resolve, 200));
  unsubscribe();
  return {
    shape,
    messages: heardMessages,
    perSecond: round((heardMessages / tookMs) * 1_000),
    cpuMicros: round((used.user + used.system) / heardMessages),
    p50Ms: round(quantile(waits, 0.5)),
    p99Ms: round(quantile(waits, 0.99)),
  };
}

const results = new Results("fleet-hop", values.out);
const hub = await createIpcHub(hubPath);
const verdicts: Verdict[] = [];
const figures: { readonly name: string; readonly runs: readonly Run[] }[] = [];
for (const name of values.only.split(",")) {
  const pair = { from: await open(name, "node-a"), to: await open(name, "node-b") };
  const runs: Run[] = [];
  // The first of each is for the compiler.
  for (let rep = 0; rep <= Number(values.reps); rep += 1) {
    for (const shape of ["load", "rate"] as const) {
      const run = await measure(pair, shape);
      if (rep > 0) runs.push(run);
      console.log(name, JSON.stringify(run));
    }
  }
  await Promise.all([pair.from.close(), pair.to.close()]);
  const of = (shape: Run["shape"], pick: (run: Run) => number): number =>
    round(median(runs.filter((run) => run.shape === shape).map(pick)));
  const cpuMicros = of("load", (run) => run.cpuMicros);
  const p50Ms = of("rate", (run) => run.p50Ms);
  verdicts.push(
    {
      target: "P11",
      what: `${name}: us of Node CPU for each chat message at load`,
      wanted: "<= 1.0 on Redis and NATS",
      measured: cpuMicros,
      met: cpuMicros <= 1,
    },
    {
      target: "P11",
      what: `${name}: ms added at 2,000/s, p50`,
      wanted: "<= 1",
      measured: p50Ms,
      met: p50Ms <= 1,
    },
  );
  figures.push({ name, runs });
}
await hub.close();
results.write({ verdicts, figures });

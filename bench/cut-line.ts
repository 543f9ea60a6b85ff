/**
 * What a subscriber misses when its line is cut for three seconds in a stream, and when the server is killed in it
 * (goal P18). The SDK with its defaults, and no code of an application for it.
 *
 *   node bench/cut-line.ts [--reps 3] [--rate 50] [--seconds 12] [--out FOLDER]
 *
 * *noticed*: both ends see the connection break. *unnoticed*: the client sees it, the server's side stays open, as
 * when a phone changes its network. *killed*: `kill -9` of the server, and a start on the same data 3 s later; here
 * the publisher's line breaks too.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Client, createClient } from "@parlance/client";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { BreakableLine } from "./support/breakable-line.ts";
import { median, round } from "./support/numbers.ts";
import { Results, type Verdict } from "./support/results.ts";
import { dataDirectory, secret } from "./support/servers.ts";
import { userTokens } from "./support/tokens.ts";

const { values } = parseArgs({
  options: {
    reps: { type: "string", default: "3" },
    rate: { type: "string", default: "50" },
    seconds: { type: "string", default: "12" },
    out: { type: "string", default: "" },
  },
});

const rate = Number(values.rate);
const total = rate * Number(values.seconds);
/** The cut begins so long after the first message, and lasts so long. */
const cutAtMs = 3_000;
const cutMs = 3_000;

const manners = ["noticed", "unnoticed", "killed"] as const;
type Manner = (typeof manners)[number];

interface Run {
  readonly manner: Manner;
  readonly sent: number;
  readonly acknowledged: number;
  readonly missed: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  /** From the line's return (or the server answering again) to the first message. Milliseconds. */
  readonly firstAfterMs: number;
  readonly resumes: number;
}

interface Received {
  readonly text: string;
  readonly at: number;
}

async function play(manner: Manner): Promise<Run> {
  const server = new ServerProcess(await freePort(), dataDirectory(), {
    PARLANCE_SECRET: secret,
    PARLANCE_LOG_LEVEL: "warn",
  });
  await server.start();
  const line = await BreakableLine.open(server.port);
  const [reading = "", writing = ""] = userTokens(2, secret);
  const subscriber = createClient({ url: `ws://127.0.0.1:${line.port}/ws`, token: reading });
  const publisher = createClient({ url: server.socketUrl, token: writing });
  const received: Received[] = [];
  let resumes = 0;
  try {
    await Promise.all([subscriber.connect(), publisher.connect()]);
    const room = subscriber.room("stream");
    room.on("event", (event) => {
      if (event.type === "message.created" && "data" in event) {
        received.push({ text: event.data.text, at: performance.now() });
      }
    });
    room.on("subscribed", () => {
      resumes += 1;
    });
    await room.subscribe();
    let backAt = Number.POSITIVE_INFINITY;
    const disturbed = disturb(manner, server, line).then((at) => {
      backAt = at;
    });
    const acknowledged = await publishAll(publisher);
    await disturbed;
    await arrived(received);
    return { manner, acknowledged, resumes, ...judge(received, backAt) };
  } finally {
    subscriber.close();
    publisher.close();
    line.close();
    await server.stop();
  }
}

/** Sends at the set rate whatever happens meanwhile. @returns how many were acknowledged in the end. */
async function publishAll(publisher: Client): Promise<number> {
  const room = publisher.room("stream");
  const begun = performance.now();
  const sent: Promise<unknown>[] = [];
  for (let number = 0; number < total; number += 1) {
    const waitMs = begun + (number * 1_000) / rate - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    sent.push(room.publish(String(number)).done);
  }
  const settled = await Promise.allSettled(sent);
  return settled.filter(({ status }) => status === "fulfilled").length;
}

/** @returns when the line was back. */
async function disturb(
  manner: Manner,
  server: ServerProcess,
  line: BreakableLine,
): Promise<number> {
  await sleep(cutAtMs);
  if (manner === "killed") {
    await server.kill();
    await sleep(cutMs);
    await server.start();
    return performance.now();
  }
  line.cut(manner === "noticed");
  await sleep(cutMs);
  line.mend();
  return performance.now();
}

/** Waits until everything came, or nothing has come for three seconds. */
async function arrived(received: readonly Received[]): Promise<void> {
  for (;;) {
    const before = received.length;
    if (new Set(received.map(({ text }) => text)).size >= total) return;
    await sleep(3_000);
    if (received.length === before) return;
  }
}

function judge(
  received: readonly Received[],
  backAt: number,
): Pick<Run, "sent" | "missed" | "doubled" | "outOfOrder" | "firstAfterMs"> {
  const seen = new Set<string>();
  let outOfOrder = 0;
  let highest = -1;
  for (const { text } of received) {
    const number = Number(text);
    if (!seen.has(text) && number < highest) outOfOrder += 1;
    highest = Math.max(highest, number);
    seen.add(text);
  }
  const first = received.find(({ at }) => at >= backAt);
  return {
    sent: total,
    missed: total - seen.size,
    doubled: received.length - seen.size,
    outOfOrder,
    firstAfterMs: first === undefined ? Number.NaN : Math.round(first.at - backAt),
  };
}

const results = new Results("cut-line", values.out);
const runs: Run[] = [];
for (let rep = 0; rep < Number(values.reps); rep += 1) {
  for (const manner of manners) {
    const run = await play(manner);
    runs.push(run);
    console.log(JSON.stringify(run));
  }
}
const verdicts = manners.flatMap((manner): Verdict[] => {
  const mine = runs.filter((run) => run.manner === manner);
  const sum = (count: (run: Run) => number): number =>
    mine.reduce((all, run) => all + count(run), 0);
  const wrong = [sum((run) => run.missed), sum((run) => run.doubled), sum((run) => run.outOfOrder)];
  const first = median(mine.map((run) => run.firstAfterMs));
  return [
    {
      target: "P18",
      what: `${manner}: missed, doubled, out of order, of ${total * mine.length}`,
      wanted: "0, 0, 0",
      measured: wrong.join(", "),
      met: wrong.every((count) => count === 0),
    },
    {
      target: "P18",
      what: `${manner}: first message after the line is back, p50`,
      wanted: "<= 1000 ms",
      measured: `${round(first)} ms`,
      met: first <= 1_000,
    },
  ];
});
results.write({ verdicts, figures: runs });
process.exit(0);

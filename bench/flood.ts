/**
 * Bounded memory and isolation of faults (I-25, I-26): connections that never read are subscribed to a durable room
 * that one publisher floods, while two innocent people talk in another room. Afterwards one of the silent ones
 * reads on and must get every message.
 *
 *   node bench/flood.ts [--silent 100] [--seconds 20] [--out FOLDER]
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { createClient } from "@parlance/client";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Flood, Flooded } from "./support/flooder.ts";
import { residentMiB } from "./support/machine.ts";
import { quantile, round } from "./support/numbers.ts";
import { RawReader } from "./support/raw-reader.ts";
import { Results } from "./support/results.ts";
import { dataDirectory, secret } from "./support/servers.ts";
import { signToken, userTokens } from "./support/tokens.ts";

const { values } = parseArgs({
  options: {
    silent: { type: "string", default: "100" },
    seconds: { type: "string", default: "20" },
    out: { type: "string", default: "" },
  },
});

const silentCount = Number(values.silent);
const seconds = Number(values.seconds);
const probeEveryMs = 20;
/** How long memory may take to come back. */
const restMs = 10_000;
const readTimeoutMs = 120_000;

interface Counts {
  readonly connections: number;
  readonly lagging: number;
  readonly outbox_bytes: number;
}

/** Two people in a room of their own: how long acknowledgements and deliveries take, and whether they stay. */
async function probe(url: string, tokens: readonly string[]): Promise<Probe> {
  const [writing = "", reading = ""] = tokens;
  const writer = createClient({ url, token: writing });
  const reader = createClient({ url, token: reading });
  await Promise.all([writer.connect(), reader.connect()]);
  const sentAt = new Map<string, number>();
  const deliveryMs: number[] = [];
  const ackMs: number[] = [];
  let interruptions = 0;
  for (const client of [writer, reader]) {
    client.on("state", ({ status }) => {
      if (status === "waiting" || status === "closed") interruptions += 1;
    });
  }
  const room = reader.room("quiet");
  room.on("event", (event) => {
    if (event.type !== "message.created" || !("data" in event)) return;
    const at = sentAt.get(event.data.text);
    if (at !== undefined) deliveryMs.push(performance.now() - at);
  });
  await room.subscribe();
  let isStopped = false;
  const talking = (async () => {
    for (let n = 0; !isStopped; n += 1) {
      const at = performance.now();
      sentAt.set(`probe ${n}`, at);
      await writer.room("quiet").publish(`probe ${n}`).done;
      ackMs.push(performance.now() - at);
      await sleep(probeEveryMs);
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await talking;
      await sleep(500);
      const disconnects = interruptions;
      writer.close();
      reader.close();
      return { ackMs, deliveryMs, sent: sentAt.size, disconnects };
    },
  };
}

interface Probe {
  stop(): Promise<{
    readonly ackMs: readonly number[];
    readonly deliveryMs: readonly number[];
    readonly sent: number;
    readonly disconnects: number;
  }>;
}

async function countsOf(server: ServerProcess): Promise<Counts> {
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const token = signToken({ sub: "service:bench", scope: "admin", exp }, secret);
  const response = await fetch(`${server.url}/api/v1/admin/connections`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`admin: ${response.status}`);
  return ((await response.json()) as { counts: Counts }).counts;
}

/** Floods a room from a thread of its own. */
function flooding(room: string, token: string): { readonly done: Promise<Flooded> } {
  const worker = new Worker(new URL("./support/flooder.ts", import.meta.url), {
    workerData: { url: server.socketUrl, token, room, seconds } satisfies Flood,
  });
  const done = once(worker, "message").then(async ([flooded]) => {
    await worker.terminate();
    return flooded as Flooded;
  });
  return { done };
}

async function silentReaders(port: number, tokens: readonly string[]): Promise<RawReader[]> {
  const readers: RawReader[] = [];
  for (const token of tokens) {
    const reader = await RawReader.open(port);
    await reader.ask({ type: "sign_in", id: 1, token }, '{"type":"reply","id":1');
    await reader.ask({ type: "subscribe", id: 2, room: "flooded" }, '{"type":"reply","id":2');
    reader.pause();
    readers.push(reader);
  }
  return readers;
}

/** Reads until the head. @returns how many came, and how many were not the next one. */
async function readOn(
  reader: RawReader,
  head: number,
): Promise<{ events: number; wrong: number; seconds: number }> {
  const begun = performance.now();
  let last = 0;
  let events = 0;
  let wrong = 0;
  reader.read((text) => {
    const frame = JSON.parse(text) as { room?: string; sequence?: number };
    if (frame.room !== "flooded" || frame.sequence === undefined) return;
    events += 1;
    if (frame.sequence !== last + 1) wrong += 1;
    last = frame.sequence;
  });
  while (last < head && !reader.isClosed && performance.now() - begun < readTimeoutMs) {
    await sleep(50);
  }
  return { events, wrong, seconds: round((performance.now() - begun) / 1_000) };
}

async function headOf(server: ServerProcess, token: string): Promise<number> {
  const client = createClient({ url: server.socketUrl, token });
  await client.connect();
  const { head } = await client.room("flooded").subscribe();
  client.close();
  return head;
}

const results = new Results("flood", values.out);
const server = new ServerProcess(await freePort(), dataDirectory(), {
  PARLANCE_SECRET: secret,
  PARLANCE_LOG_LEVEL: "warn",
  PARLANCE_COMMANDS_PER_SECOND: "0",
  PARLANCE_STALL_TIMEOUT_MS: "600000",
  // Who never reads answers no ping either; before the flood reaches it that would end the connection.
  PARLANCE_HEARTBEAT_MS: "600000",
});
await server.start();
const tokens = userTokens(silentCount + 4, secret);
const silent = await silentReaders(server.port, tokens.slice(0, silentCount));
const [floodToken = "", counting = "", ...probing] = tokens.slice(silentCount);
const pair = await probe(server.socketUrl, probing);
const coldMiB = residentMiB(server.pid);
// A busy server's heap and caches are larger than a new one's; what the silent readers add is asked here.
await flooding("elsewhere", floodToken).done;
await sleep(restMs);
const beforeMiB = residentMiB(server.pid);

const flood = flooding("flooded", floodToken);
let peakMiB = beforeMiB;
let most: Counts = await countsOf(server);
const watching = setInterval(() => {
  peakMiB = Math.max(peakMiB, residentMiB(server.pid));
  void countsOf(server).then((counts) => {
    if (counts.lagging >= most.lagging) most = counts;
  });
}, 500);
const flooded = await flood.done;
clearInterval(watching);
const probed = await pair.stop();
await sleep(restMs);
const afterMiB = residentMiB(server.pid);
const silentClosed = silent.filter((reader) => reader.isClosed).length;
const head = await headOf(server, counting);
const [first] = silent;
if (first === undefined) throw new Error("no silent reader");
const caughtUp = await readOn(first, head);
for (const reader of silent) reader.destroy();
await sleep(restMs);
const emptyMiB = residentMiB(server.pid);
await server.stop();

const ackP99 = round(quantile(probed.ackMs, 0.99));
const bound = beforeMiB * 1.2 + 50;
results.write({
  verdicts: [
    {
      target: "I-26",
      what: `p99 of ${probed.ackMs.length} acknowledgements to an innocent during the flood`,
      wanted: "< 250 ms",
      measured: `${ackP99} ms`,
      met: ackP99 < 250,
    },
    {
      target: "I-26",
      what: "innocents disconnected; their messages not delivered",
      wanted: "0, 0",
      measured: `${probed.disconnects}, ${probed.sent - probed.deliveryMs.length}`,
      met: probed.disconnects === 0 && probed.sent === probed.deliveryMs.length,
    },
    {
      target: "I-25",
      what: `resident memory after the flood, ${silentCount} still not reading`,
      wanted: `<= ${round(bound)} MiB (before, after a flood without them: ${round(beforeMiB)})`,
      measured: `${round(afterMiB)} MiB`,
      met: afterMiB <= bound,
    },
    {
      target: "I-25",
      what: "the same against the new server, before any load",
      wanted: `<= ${round(coldMiB * 1.2 + 50)} MiB (before: ${round(coldMiB)})`,
      measured: `${round(afterMiB)} MiB`,
      met: afterMiB <= coldMiB * 1.2 + 50,
    },
    {
      target: "I-1",
      what: `events that one of the silent read on, of ${head}; not the next one in order`,
      wanted: `${head}, 0`,
      measured: `${caughtUp.events}, ${caughtUp.wrong}`,
      met: caughtUp.events === head && caughtUp.wrong === 0,
    },
    {
      target: "setup",
      what: "silent connections that lagged; closed",
      wanted: `${silentCount}, 0`,
      measured: `${most.lagging}, ${silentClosed}`,
      met: most.lagging >= silentCount && silentClosed === 0,
    },
  ],
  figures: {
    flooded,
    head,
    memoryMiB: { coldMiB, beforeMiB, peakMiB, afterMiB, emptyMiB },
    countsAtMost: most,
    ackMs: { p50: quantile(probed.ackMs, 0.5), p99: ackP99, max: quantile(probed.ackMs, 1) },
    deliveryMs: { p50: quantile(probed.deliveryMs, 0.5), p99: quantile(probed.deliveryMs, 0.99) },
    caughtUp,
  },
});
process.exit(0);

/** Traces as a collector gets them. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { ManualClock } from "@parlance/testkit/manual-clock";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { portOf } from "../listener.ts";
import { signLocalToken } from "../local-token.ts";
import { type ParlanceServer, startServer } from "../start.ts";
import { parseTraceparent } from "./traceparent.ts";
import { createTraces } from "./tracer.ts";

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { key: string; value: { stringValue: string } }[];
}

const canary = "canary-5c1e";
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const sampled = `00-${traceId}-00f067aa0ba902b7-01`;
const patience = { timeout: 20_000, interval: 50 };

let directory: string;
let config: Config;
let server: ParlanceServer;
let collector: Server;
let token: string;
const spans: Span[] = [];
let received = "";
/** What the collector answers. */
let status = 200;

beforeAll(async () => {
  collector = createServer((request, response) => {
    void json(request).then((body) => {
      const { resourceSpans } = body as {
        resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
      };
      received += JSON.stringify(body);
      if (status === 200) {
        spans.push(...resourceSpans.flatMap((one) => one.scopeSpans.flatMap((two) => two.spans)));
      }
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  });
  collector.listen(0, "127.0.0.1");
  await once(collector, "listening");
  directory = await mkdtemp(join(tmpdir(), "traces-"));
  const flags = {
    port: "0",
    log_level: "silent",
    otlp_url: `http://127.0.0.1:${portOf(collector)}/v1/traces`,
    trace_ratio: "0",
  };
  config = loadConfig({ flags, environment: {}, directory }).config;
  server = await startServer(config);
  token = await signLocalToken(config, {
    user: "service:shop",
    ttlSeconds: 600,
    scopes: ["admin"],
  });
});
afterAll(async () => {
  await server.close(0);
  collector.close();
  await rm(directory, { recursive: true, force: true });
});

async function publish(body: object, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${server.url}/api/v1/publish`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      ...headers,
    },
    body: JSON.stringify({ room: "general", text: canary, ...body }),
  });
  expect(response.ok).toBe(true);
}

const ofTrace = (id: string) => spans.filter((span) => span.traceId === id);

describe("the steps of a command", () => {
  test("are told with their times, as parts of what the request's traceparent names", async () => {
    await publish({}, { traceparent: sampled });
    await expect.poll(() => ofTrace(traceId).length, patience).toBe(6);
    const found = ofTrace(traceId);
    const command = found.find(({ name }) => name === "publish");
    expect(command).toMatchObject({ parentSpanId: "00f067aa0ba902b7" });
    expect(command?.attributes).toContainEqual({
      key: "parlance.via",
      value: { stringValue: "http" },
    });
    const steps = found.filter(({ parentSpanId }) => parentSpanId === command?.spanId);
    expect(new Set(steps.map(({ name }) => name))).toEqual(
      new Set(["authorize", "append", "commit", "announce", "deliver"]),
    );
    const step = (wanted: string) => {
      const one = steps.find(({ name }) => name === wanted);
      return [BigInt(one?.startTimeUnixNano ?? 0), BigInt(one?.endTimeUnixNano ?? 0)] as const;
    };
    for (const name of ["authorize", "append", "commit", "announce", "deliver"]) {
      const [begin, end] = step(name);
      expect([name, end >= begin]).toEqual([name, true]);
    }
    // Authorized before it is given to the log, announced after it is committed.
    expect(step("authorize")[1]).toBeLessThanOrEqual(step("append")[0]);
    expect(step("announce")[0]).toBeGreaterThanOrEqual(step("commit")[1]);
  });

  test("are parts of what a publication names, through whichever door it comes", async () => {
    const id = "0af7651916cd43dd8448eb211c80319c";
    await publish({ traceparent: `00-${id}-b7ad6b7169203331-01` });
    await expect.poll(() => ofTrace(id).length, patience).toBe(6);
  });

  test("are not told where the sender does not sample, or nobody does and the share is 0", async () => {
    const last = "1af7651916cd43dd8448eb211c80319d";
    await publish({}, { traceparent: sampled.replace("4bf9", "5bf9").replace(/01$/, "00") });
    await publish({});
    await publish({}, { traceparent: "no traceparent" });
    await publish({}, { traceparent: `00-${last}-b7ad6b7169203331-01` });
    await expect.poll(() => ofTrace(last).length, patience).toBe(6);
    expect(new Set(spans.map((span) => span.traceId)).size).toBeLessThanOrEqual(3);
    expect(spans.some((span) => span.traceId.startsWith("5bf9"))).toBe(false);
  });

  test("[I-29] name no text, no room, no user and no token", () => {
    expect(received).toContain("parlance.command");
    for (const secret of [canary, "general", "shop", token]) expect(received).not.toContain(secret);
  });

  test("a collector that refuses costs nobody anything, and is given what comes later", async () => {
    status = 503;
    const [lost, kept] = ["2", "3"].map((digit) => `${digit}af7651916cd43dd8448eb211c80319d`);
    const before = received.length;
    await publish({}, { traceparent: `00-${lost}-b7ad6b7169203331-01` });
    await expect.poll(() => received.length, patience).toBeGreaterThan(before);
    status = 200;
    await publish({}, { traceparent: `00-${kept}-b7ad6b7169203331-01` });
    await expect.poll(() => ofTrace(kept ?? "").length, patience).toBe(6);
    expect(ofTrace(lost ?? "")).toEqual([]);
  });
});

describe("what senders ask for", () => {
  test("is followed up to a bound, beyond which the operator's share decides", async () => {
    const clock = new ManualClock();
    // Nobody is there: nothing that is followed here ends.
    const settings = { otlp_url: "http://127.0.0.1:1/v1/traces", trace_ratio: 0 };
    const traces = createTraces(settings, "node-1", { report: () => {}, clock });
    const followed = (count: number, traceparent = sampled): number =>
      Array.from({ length: count }, () =>
        traces?.tracer.command("publish", "http", traceparent),
      ).filter((trace) => trace !== undefined).length;
    expect(followed(1_000)).toBe(100);
    clock.sleep(1_000);
    expect(followed(1_000)).toBe(20);
    clock.sleep(60_000);
    // What is not asked for takes nothing away.
    expect(followed(1_000, sampled.replace(/01$/, "00"))).toBe(0);
    expect(followed(1_000, "")).toBe(0);
    expect(followed(1_000)).toBe(100);
    await traces?.close();
    const all = createTraces({ ...settings, trace_ratio: 1 }, "node-1", {
      report: () => {},
      clock,
    });
    const every = Array.from({ length: 300 }, () => all?.tracer.command("ping", "http", sampled));
    expect(every.every((trace) => trace !== undefined)).toBe(true);
    await all?.close();
  });
});

test.each([
  [sampled, { traceId, spanId: "00f067aa0ba902b7", isSampled: true }],
  [`01${sampled.slice(2)}-more`, { traceId, spanId: "00f067aa0ba902b7", isSampled: true }],
  [sampled.replace(/01$/, "00"), { traceId, spanId: "00f067aa0ba902b7", isSampled: false }],
  [`${sampled}-more`, undefined],
  [`ff${sampled.slice(2)}`, undefined],
  [sampled.replace(traceId, "0".repeat(32)), undefined],
  [sampled.toUpperCase(), undefined],
  ["", undefined],
  [undefined, undefined],
])("traceparent %s", (text, parsed) => {
  expect(parseTraceparent(text)).toEqual(parsed);
});

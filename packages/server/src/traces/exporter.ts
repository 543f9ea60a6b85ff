/**
 * Sends spans as OTLP over HTTP, in JSON: https://opentelemetry.io/docs/specs/otlp/#otlphttp
 *
 * Traces are a help for people; whatever becomes of them, messages go on. So what waits is bounded, what the collector does not
 * take is dropped and counted, and an outage is told once.
 */
import { hostname } from "node:os";
import type { Report } from "@parlance/core";
import { version } from "../version.ts";

/** A finished span. Times in nanoseconds since 1970. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: "internal" | "server";
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, string>>;
  readonly isError: boolean;
}

/** Spans that wait; more are dropped. */
const maxWaiting = 4_096;
const maxBatch = 512;
const sendMs = 1_000;
const requestMs = 5_000;
/** At the end, for what waits. */
const closeMs = 2_000;

/** Names and numbers of OTLP's `SpanKind` and `StatusCode`. */
const kinds = { internal: 1, server: 2 } as const;
const statusError = 2;

export interface Exporter {
  add(span: Span): void;
  close(): Promise<void>;
}

/** Begins to send once a second what was added. */
export function createExporter(url: string, nodeId: string, report: Report): Exporter {
  let waiting: Span[] = [];
  let dropped = 0;
  let isAway = false;
  let sending: Promise<void> | undefined;

  const send = async (): Promise<void> => {
    const batch = waiting.slice(0, maxBatch);
    waiting = waiting.slice(maxBatch);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(requestOf(batch, nodeId)),
        signal: AbortSignal.timeout(requestMs),
        redirect: "error",
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`the collector answered ${response.status}`);
      if (isAway) report("info", "traces_back", { dropped });
      isAway = false;
    } catch (error) {
      dropped += batch.length;
      if (!isAway) report("warn", "traces_not_taken", { error });
      isAway = true;
    }
  };
  const sendAll = (): Promise<void> => {
    sending ??= (async () => {
      while (waiting.length > 0) {
        await send();
        if (isAway) return;
      }
    })().finally(() => {
      sending = undefined;
    });
    return sending;
  };
  const timer = setInterval(() => void sendAll(), sendMs);
  timer.unref();

  return {
    add(span) {
      if (waiting.length < maxWaiting) waiting.push(span);
      else dropped += 1;
    },
    async close() {
      clearInterval(timer);
      const late = new Promise<void>((resolve) => setTimeout(resolve, closeMs).unref());
      await Promise.race([sendAll(), late]);
    },
  };
}

/** `ExportTraceServiceRequest`, as OTLP's JSON has it: ids in hexadecimal, 64-bit numbers as text. */
function requestOf(spans: readonly Span[], nodeId: string): object {
  const resource = {
    "service.name": "parlance",
    "service.version": version,
    "service.instance.id": nodeId,
    "host.name": hostname(),
  };
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [{ scope: { name: "parlance", version }, spans: spans.map(spanOf) }],
      },
    ],
  };
}

function spanOf(span: Span): object {
  const { traceId, spanId, parentSpanId, name, kind, startNs, endNs, attributes, isError } = span;
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(endNs),
    attributes: attributesOf(attributes),
    ...(isError ? { status: { code: statusError } } : {}),
  };
}

function attributesOf(values: Readonly<Record<string, string>>): object[] {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

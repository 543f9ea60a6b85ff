/** Follows commands, a share of them, and those that somebody else follows already. No user, room or text is in a span. */
import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import {
  type Clock,
  type CommandTrace,
  RateLimit,
  type Report,
  type Tracer,
  type TraceStep,
} from "@parlance/core";
import type { HttpServer } from "@parlance/http";
import type { Config } from "../config/schema.ts";
import { createExporter, type Span } from "./exporter.ts";
import { parseTraceparent, type TraceParent } from "./traceparent.ts";

/**
 * Commands that are followed because their sender follows them: in the long run, and at once. Whoever may write can ask for it with
 * every request, and the operator has said with `trace_ratio` how much all that may cost.
 */
const askedPerSecond = 20;
const askedAtOnce = 100;

/** Follows, and sends what it saw. */
export interface Traces {
  readonly tracer: Tracer;
  /** Commands of a request are a part of what its header `traceparent` names. Before the server is ready. */
  follow(http: HttpServer): void;
  close(): Promise<void>;
}

/** Undefined where nobody is to be sent anything: then nothing is followed, and it costs nothing. */
export function createTraces(
  { otlp_url: url, trace_ratio: ratio }: Pick<Config, "otlp_url" | "trace_ratio">,
  nodeId: string,
  { report, clock }: { readonly report: Report; readonly clock: Clock },
): Traces | undefined {
  if (url === undefined) return undefined;
  const exporter = createExporter(url, nodeId, report);
  const requests = new AsyncLocalStorage<string>();
  const asked = new RateLimit(clock, askedPerSecond, askedAtOnce);
  const isWanted = (parent: TraceParent | undefined): boolean => {
    if (parent !== undefined && !parent.isSampled) return false;
    if (parent !== undefined && asked.take() === 0) return true;
    return Math.random() < ratio;
  };
  return {
    tracer: {
      command(type, via, traceparent) {
        const parent = parseTraceparent(traceparent ?? requests.getStore());
        if (!isWanted(parent)) return undefined;
        return follow(type, via, parent, (span) => exporter.add(span));
      },
    },
    follow(http) {
      http.addHook("onRequest", (request, _reply, done) => {
        const { traceparent } = request.headers;
        if (typeof traceparent === "string") requests.run(traceparent, done);
        else done();
      });
    },
    close: () => exporter.close(),
  };
}

const attributes = { command: "parlance.command", via: "parlance.via", code: "parlance.error" };

function follow(
  type: string,
  via: string,
  parent: TraceParent | undefined,
  add: (span: Span) => void,
): CommandTrace {
  const traceId = parent?.traceId ?? randomBytes(16).toString("hex");
  const spanId = newSpanId();
  const startNs = nowNs();
  return {
    step(name: TraceStep) {
      const stepStartNs = nowNs();
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        add({
          traceId,
          spanId: newSpanId(),
          parentSpanId: spanId,
          name,
          kind: "internal",
          startNs: stepStartNs,
          endNs: nowNs(),
          attributes: {},
          isError: false,
        });
      };
    },
    end(code) {
      const error = code === undefined ? {} : { [attributes.code]: code };
      add({
        traceId,
        spanId,
        ...(parent === undefined ? {} : { parentSpanId: parent.spanId }),
        name: type,
        kind: "server",
        startNs,
        endNs: nowNs(),
        attributes: { [attributes.command]: type, [attributes.via]: via, ...error },
        // What a client does wrong is no failure of the server.
        isError: code === "internal" || code === "unavailable",
      });
    },
  };
}

function newSpanId(): string {
  return randomBytes(8).toString("hex");
}

function nowNs(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));
}

/** Event streams on the one port, before the routes of REST and pages. */
import type { RequestListener } from "node:http";
import type { Ids, Node, Report } from "@parlance/core";
import { sseDialect } from "@parlance/dialects/sse";
import { type Admission, createEventStreams, type EventStreams } from "@parlance/gateway";
import { systemClock } from "./clock.ts";
import type { Config } from "./config/schema.ts";

/** What streams need of the rest of the server. */
export interface StreamParts {
  readonly config: Config;
  readonly node: Node;
  readonly admission: Admission;
  readonly ids: Ids;
  readonly report: Report;
}

export function openEventStreams(parts: StreamParts): EventStreams {
  const { config, node, admission, ids, report } = parts;
  return createEventStreams({
    node,
    dialect: sseDialect,
    clock: systemClock,
    report,
    admission,
    origins: config.origins,
    trustedProxies: config.trusted_proxies,
    heartbeatMs: config.heartbeat_ms,
    drainMs: config.drain_ms,
    random: () => ids.random(),
  });
}

/** Gives requests for streams to them and all others to `routing`. */
export function streamsBefore(streams: EventStreams, routing: RequestListener): RequestListener {
  return (request, response) => {
    if (!streams.handle(request, response)) routing(request, response);
  };
}

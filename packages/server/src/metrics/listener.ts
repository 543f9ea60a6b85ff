/**
 * The listener that Prometheus asks. Security: it is one of its own, so that no proxy in front of the public port can be made to
 * pass `/metrics` on; what it tells names no user, no room and no address, but it tells how a server is doing.
 */
import { isIPv6 } from "node:net";
import type { Report } from "@parlance/core";
import { ConfigError } from "../config/load.ts";
import { parsePlace } from "../config/values.ts";
import { answerNotYet, closeListener, openListener, portOf } from "../listener.ts";
import { expositionType, writeExposition } from "./exposition.ts";
import type { Samples } from "./samples.ts";

export interface MetricsListener {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  close(): Promise<void>;
}

/** @param place As in `metrics_listen`. @throws ConfigError, in words, if it cannot be listened on. */
export async function openMetricsListener(
  place: string,
  collect: () => Promise<Samples>,
  report: Report,
): Promise<MetricsListener> {
  const parsed = parsePlace(place);
  if (parsed === undefined) throw new Error(`metrics_listen: ${place}`);
  const server = await openListener(parsed, report).catch(({ code }: NodeJS.ErrnoException) => {
    throw new ConfigError([
      `The address of the metrics, ${place}, cannot be listened on (${code}). Choose another with --metrics-listen.`,
    ]);
  });
  server.off("request", answerNotYet).on("request", (request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (path !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    collect().then(
      (samples) => {
        response.writeHead(200, { "content-type": expositionType, "cache-control": "no-store" });
        response.end(writeExposition(samples));
      },
      (error: unknown) => {
        report("error", "metrics_failed", { error });
        response.writeHead(500).end();
      },
    );
  });
  const host = isIPv6(parsed.host) ? `[${parsed.host}]` : parsed.host;
  const url = `http://${host}:${portOf(server)}`;
  report("info", "metrics_listening", { url: `${url}/metrics` });
  return { url, close: () => closeListener(server) };
}

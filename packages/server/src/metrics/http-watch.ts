import { add, Histogram } from "@parlance/core";
import type { HttpOptions } from "@parlance/http";
import { by, inSeconds, type Sample, type Samples } from "./samples.ts";

/** Methods that have numbers of their own: a client can send many others. */
const methods: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/** Counts requests. */
export interface HttpWatch {
  readonly answered: NonNullable<HttpOptions["answered"]>;
  samples(): Samples;
}

/** Numbers by method and status. */
export function watchHttp(): HttpWatch {
  const requests = new Map<string, number>();
  const durations = new Map<string, Histogram>();
  return {
    answered(sent, status, tookMs) {
      const method = methods.has(sent) ? sent : "other";
      add(requests, `${method} ${status}`);
      let histogram = durations.get(method);
      if (histogram === undefined) {
        histogram = new Histogram();
        durations.set(method, histogram);
      }
      histogram.observe(tookMs);
    },
    samples: () => ({
      parlance_http_requests_total: [...requests].map(([key, value]): Sample => {
        const [method = "", status = ""] = key.split(" ");
        return { labels: { method, status }, value };
      }),
      parlance_http_request_duration_seconds: by(
        "method",
        [...durations].map(([method, histogram]) => [method, inSeconds(histogram)] as const),
      ),
    }),
  };
}

/** The settings of those who watch the server: metrics and traces. */
import type { Fields } from "./fields.ts";
import { address, listeningPlace, share } from "./values.ts";

/** What Prometheus asks, and where traces are sent. */
export const watchFields: Fields = {
  metrics_listen: listeningPlace
    .exactOptional()
    .describe(
      "Address of a listener of its own for Prometheus: `/metrics` is there and nowhere else. `9464` is this machine " +
        "only. Absent: there is none. [What is measured](metrics.md).",
    ),
  otlp_url: address(/^https?:$/, "http://127.0.0.1:4318/v1/traces")
    .exactOptional()
    .describe(
      "Where traces are sent, as OTLP over HTTP in JSON. Absent: nothing is traced. [What they tell](metrics.md#traces).",
    ),
  trace_ratio: share
    .default(0.01)
    .describe(
      "Share of commands that are traced where the sender's `traceparent` does not decide, or asks for more than [a node follows](metrics.md#traces).",
    ),
};

/** Everything that one process of a server knows about itself, put together. */
import type { HttpOptions } from "@parlance/http";
import type { WatchCalls } from "@parlance/storage/copy";
import { watchDatabase } from "./database-watch.ts";
import { watchHttp } from "./http-watch.ts";
import { type NodeParts, nodeSamples } from "./node-samples.ts";
import { watchProcess } from "./process-samples.ts";
import type { Samples } from "./samples.ts";

export interface Watch {
  /** For the store. */
  readonly watchCalls: WatchCalls;
  /** For the HTTP server. */
  readonly answered: NonNullable<HttpOptions["answered"]>;
  /** From here on the node's numbers are told, too. */
  begin(parts: NodeParts): void;
  samples(): Promise<Samples>;
  close(): void;
}

/** Begins to count. What there is to be read later costs additions until then. */
export function createWatch(): Watch {
  const database = watchDatabase();
  const http = watchHttp();
  const itself = watchProcess();
  let node: NodeParts | undefined;
  return {
    watchCalls: database.watchCalls,
    answered: http.answered,
    begin(parts) {
      node = parts;
    },
    samples: async () => ({
      ...(node === undefined ? {} : await nodeSamples(node)),
      ...database.samples(),
      ...http.samples(),
      ...itself.samples(),
    }),
    close: () => itself.close(),
  };
}

/** Everything that one process of a server knows about itself, put together. */
import type { HttpOptions } from "@parlance/http";
import type { WatchCalls } from "@parlance/storage/copy";
import { watchDatabase } from "./database-watch.ts";
import { createHistory, type History } from "./history.ts";
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
  /** The last hour. */
  readonly history: History;
  close(): void;
}

/** Begins to count. What there is to be read later costs additions until then. */
export function createWatch(): Watch {
  const database = watchDatabase();
  const http = watchHttp();
  const history = createHistory();
  const itself = watchProcess(() => void look());
  let node: NodeParts | undefined;
  const samples = async (): Promise<Samples> => ({
    ...(node === undefined ? {} : await nodeSamples(node)),
    ...database.samples(),
    ...http.samples(),
    ...itself.samples(),
  });
  const look = async (): Promise<void> => history.add(Date.now(), await samples());
  return {
    history,
    watchCalls: database.watchCalls,
    answered: http.answered,
    begin(parts) {
      node = parts;
    },
    samples,
    close: () => itself.close(),
  };
}

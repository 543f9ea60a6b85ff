/** What the primary and its workers say to each other over their channel. It is a private one: it may carry secrets. */
import type { Config, ListenEntry } from "../config/types.ts";
import type { OpenedEndpoint } from "../extra-listeners.ts";
import type { PortSharing } from "../listener.ts";
import type { Samples } from "../metrics/samples.ts";

/** Where a worker finds itself among the others. */
export interface WorkerPlace {
  /** 1 … `of`. A worker that takes the place of a dead one has its number. */
  readonly number: number;
  readonly of: number;
  readonly sharing: PortSharing;
  /** Ports and paths of dialects, every port a real one. */
  readonly entries: readonly ListenEntry[];
  /** Where the primary serves the store; absent where each worker opens its own. */
  readonly storePath?: string;
  /** By number less one, where each worker takes what belongs to it and came to another. */
  readonly handOverPaths: readonly string[];
}

/** A worker that knows how many there are now. */
export interface RunningWorker extends WorkerPlace {
  running(): number;
}

export type ToWorker =
  /** `config` is the primary's: a file that was changed meanwhile would make workers that differ. */
  | { readonly type: "start"; readonly config: Config; readonly place: WorkerPlace }
  /** How many workers serve now. */
  | { readonly type: "running"; readonly running: number }
  | { readonly type: "drain"; readonly drainMs: number }
  /** Whether its event loop turns; answered with `alive`. */
  | { readonly type: "ask" }
  /** What it has counted; answered with the same number. */
  | { readonly type: "count"; readonly question: number };

export type FromWorker =
  | {
      readonly type: "ready";
      readonly url: string;
      readonly publicUrl: string;
      readonly endpoints: readonly OpenedEndpoint[];
    }
  | { readonly type: "alive" }
  /** `lines`: for the person who started it; absent for what nobody foresaw. */
  | { readonly type: "counted"; readonly question: number; readonly samples: Samples }
  | { readonly type: "failed"; readonly error: string; readonly lines?: readonly string[] };

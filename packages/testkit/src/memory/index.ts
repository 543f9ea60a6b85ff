import type { Directory, FileIndex, RoomLog } from "@parlance/core";
import { createMemoryDirectory } from "./directory.ts";
import { createMemoryFileIndex } from "./files.ts";
import { createMemoryRoomLog } from "./room-log.ts";
import { createState } from "./state.ts";

export interface MemoryStoreOptions {
  /** Numbers in [0, 1); the only source of nonces and epochs. */
  readonly random: () => number;
  /** Milliseconds, for leases. Absent: time stands still, and no lease is ever over. */
  readonly now?: () => number;
}

/**
 * A room log and directory in memory, which pass the same suites as the engines. Every call takes effect
 * before it returns, no timer runs and no clock but the one that is given is read: a run is decided by the calls and by `random`.
 */
export function createMemoryStore(options: MemoryStoreOptions): {
  readonly log: RoomLog;
  readonly directory: Directory;
  readonly files: FileIndex;
} {
  const state = createState(options.random, options.now);
  return {
    log: createMemoryRoomLog(state, options.random),
    directory: createMemoryDirectory(state),
    files: createMemoryFileIndex(state),
  };
}

export { createMemoryFileStore } from "./files.ts";

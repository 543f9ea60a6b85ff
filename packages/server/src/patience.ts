import { setTimeout as pause } from "node:timers/promises";
import { StorageError } from "@parlance/core";

/** A database that has just been started, or that many nodes ask at once, is waited for so long. */
const patienceMs = 15_000;
const betweenMs = 300;

/**
 * Does what may be done twice until the database lets it.
 *
 * @throws StorageError once patience is over; every other error at once.
 */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StorageError) || performance.now() > until) throw error;
      await pause(betweenMs);
    }
  }
}

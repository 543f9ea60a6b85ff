import type { Clock, ControlFact, RoomLog } from "@parlance/core";
import type { Sequence } from "@parlance/protocol";

/**
 * How old what is remembered may be: 500 ms of the two seconds that a revocation has to reach every node.
 * So a storm of reconnecting clients costs two small reads a second, not one for each.
 */
const freshMs = 500;

/** Follows the control log, on demand, for those that remember who is who. */
export interface Revocations {
  /**
   * Resolves once every fact that was committed up to 500 ms ago has been told to the listener.
   *
   * @returns the place in the control log that this rests on. What is read from the directory may only be
   *   remembered while the place is still the same; otherwise a revocation may have passed it by.
   */
  catchUp(): Promise<Sequence>;
  place(): Sequence;
  /** Makes the next `catchUp` read, however fresh: something was just revoked here. */
  expire(): void;
}

/** @throws StorageError (from `catchUp`) if the control log cannot be read. */
export function createRevocations(
  log: Pick<RoomLog, "control" | "controlHead">,
  clock: Clock,
  tell: (fact: ControlFact) => void,
): Revocations {
  let place: Sequence | undefined;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    const startedAt = clock.monotonic();
    // Nothing is remembered before the first read, so earlier entries concern nobody.
    if (place === undefined) {
      place = await log.controlHead();
    } else {
      for (;;) {
        const entries = await log.control(place);
        const last = entries.at(-1);
        if (last === undefined) break;
        for (const entry of entries) tell(entry.fact);
        place = last.sequence;
      }
    }
    checkedAt = startedAt;
  };

  return {
    async catchUp() {
      if (clock.monotonic() - checkedAt > freshMs) {
        running ??= read().finally(() => {
          running = undefined;
        });
        await running;
      }
      return place ?? 0;
    },
    place: () => place ?? 0,
    expire() {
      checkedAt = Number.NEGATIVE_INFINITY;
    },
  };
}

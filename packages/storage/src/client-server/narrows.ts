/** Lets so many through at a time; the others wait in a line, and not for ever. */
import { StorageError } from "@parlance/core";

export interface Narrows {
  /** @throws StorageError `none` for one whose turn did not come within the patience, before it began. */
  through<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * @param width At a time, above 0.
 * @param patienceMs Longest wait for a turn.
 */
export function createNarrows(width: number, patienceMs: number): Narrows {
  let inside = 0;
  const line: (() => void)[] = [];

  const enter = (): Promise<void> => {
    if (inside < width) {
      inside += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        line.splice(line.indexOf(begin), 1);
        reject(new StorageError("too many slow reads are waiting", "none"));
      }, patienceMs);
      const begin = (): void => {
        clearTimeout(timer);
        resolve();
      };
      line.push(begin);
    });
  };

  return {
    through: async (work) => {
      await enter();
      try {
        return await work();
      } finally {
        const next = line.shift();
        // The place goes to the next in line as it is.
        if (next === undefined) inside -= 1;
        else next();
      }
    },
  };
}

/** Waiting that ends when something else does. */
import { setTimeout as delay } from "node:timers/promises";

/** @returns what `work` gives, unless the signal is aborted before: then it rejects with the signal's reason. */
export function until<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Not `Promise.race` with one promise that stands for the signal: it would remember every race that it took part in.
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) {
      work.catch(() => {});
      stop();
      return;
    }
    signal.addEventListener("abort", stop, { once: true });
    work
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", stop))
      .catch(() => {});
  });
}

/** Resolves after the time, or at once when the signal is aborted. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}

/**
 * Calls `late` unless `work` settles within the time. A process that was not running itself does not call it late.
 *
 * @param progressAt When something else came that shows that the other side goes on, in `performance.now()`: the time counts from
 *   there then.
 */
export async function withDeadline<T>(
  work: Promise<T>,
  ms: number,
  late: () => void,
  progressAt: () => number = () => 0,
): Promise<T> {
  let again: NodeJS.Immediate | undefined;
  let timer: NodeJS.Timeout;
  const check = (): void => {
    const leftMs = progressAt() + ms - performance.now();
    if (leftMs > 0) timer = setTimeout(check, leftMs);
    else late();
  };
  timer = setTimeout(() => {
    // The answer may be waiting in the socket when a blocked process goes on, and timers come before sockets.
    again = setImmediate(() => {
      again = setImmediate(check);
    });
  }, ms);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    clearImmediate(again);
  }
}

/** Waiting that ends when something else does. */
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";

/** @returns what `work` gives, unless the signal is aborted before: then it rejects with the signal's reason. */
export async function until<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Resolves after the time, or at once when the signal is aborted. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(Math.max(0, ms), undefined, { signal }).catch(() => {});
}

/** @returns whether `work` was done within the time. Rejects if it does. */
export async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  const over = new AbortController();
  const late = async (): Promise<boolean> => {
    await pause(ms, over.signal);
    // The answer may be waiting in the socket when a process that was blocked goes on, and timers come before sockets.
    await turn();
    await turn();
    return false;
  };
  try {
    return await Promise.race([work.then(() => true), late()]);
  } finally {
    over.abort();
  }
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
}

/** When to tell others that one is writing. */

/** Told again so often while one goes on; readers forget after 6 s without another. */
export const repeatMs = 2_500;
/** A pause of this length means that one has stopped. */
export const idleMs = 5_000;

/** Turns key strokes into few signals. */
export interface TypingSignal {
  /** The text changed. */
  stroke(text: string): void;
  /** Sent, left, or cleared. */
  stop(): void;
}

/** @param tell Sends one signal; loss does no harm. */
export function createTypingSignal(
  tell: (active: boolean) => void,
  now: () => number,
  later: (run: () => void, ms: number) => () => void,
): TypingSignal {
  let toldAt: number | undefined;
  let cancel: (() => void) | undefined;
  const stop = (): void => {
    cancel?.();
    cancel = undefined;
    if (toldAt === undefined) return;
    toldAt = undefined;
    tell(false);
  };
  return {
    stroke: (text) => {
      if (text.trim() === "") return stop();
      cancel?.();
      cancel = later(stop, idleMs);
      if (toldAt !== undefined && now() - toldAt < repeatMs) return;
      toldAt = now();
      tell(true);
    },
    stop,
  };
}

/** When to try again. Full jitter: anything between now and a window, so that clients do not come back in step. */

/** Milliseconds within which the first attempt is made after a line broke. */
export const firstWindowMs = 250;
/** The window's largest size. */
export const maxWindowMs = 10_000;
/** A line that was up so long counts as well: the next outage begins with the first window again. */
export const stableMs = 2_000;

/**
 * The delay before the next attempt to connect. The window is a quarter of the outage so far: attempts are dense
 * when the line may be back any moment, and rare when it has been away for long. A conversation goes on when both
 * of its ends are back, so what people wait for is the later of two such delays.
 *
 * @param outageMs Milliseconds since the line was last well.
 */
export function reconnectDelay(outageMs: number): number {
  return Math.random() * Math.min(maxWindowMs, Math.max(firstWindowMs, outageMs / 4));
}

/**
 * The delay before a refused command is tried again on a line that is up.
 *
 * @param attempts How often it was refused already, from 1.
 * @param atLeastMs What the server asked for.
 */
export function retryDelay(attempts: number, atLeastMs: number): number {
  const window = Math.min(maxWindowMs, firstWindowMs * 2 ** Math.min(attempts, 10));
  return atLeastMs + Math.random() * window;
}

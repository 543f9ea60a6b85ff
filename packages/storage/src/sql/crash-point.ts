/** Places where a test may let the process die, as a power cut would, without any clean-up. */
export type CrashPoint = "mid_transaction" | "before_commit" | "after_commit";

/** Called at every passing of a crash point. */
export type PassCrashPoint = (point: CrashPoint) => void;

/**
 * Kills the process at the n-th passing of a point.
 *
 * @param crashAt `<point>:<n>`, such as `after_commit:37`; undefined: never.
 * @throws Error if it is not of that form.
 */
export function createCrashPoint(crashAt: string | undefined): PassCrashPoint {
  if (crashAt === undefined) return () => undefined;
  const match = /^(mid_transaction|before_commit|after_commit):([1-9]\d{0,8})$/.exec(crashAt);
  if (match === null) throw new Error(`not a crash point: ${crashAt}`);
  const wanted = match[1];
  let left = Number(match[2]);
  return (point) => {
    if (point !== wanted) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  };
}

import type { ServerProcess } from "@parlance/testkit/server-process";

/** One end of the server: at a `random` moment, or at a named point of its own code. */
export interface Kill {
  readonly at: string;
  readonly restartMs: number;
}

const crashPoints = ["before_commit", "mid_transaction", "after_commit"] as const;

/** A generator of numbers in [0, 1) from a seed (Park and Miller). */
export function seeded(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/**
 * Ends and restarts the server, spread over the time given: every third time at a named crash point, the others
 * by `kill -9` at a random moment. Goes on until the number is reached, also beyond the time.
 */
export async function killUntil(
  isOver: () => boolean,
  server: ServerProcess,
  { kills, seconds, seed }: { kills: number; seconds: number; seed: number },
): Promise<Kill[]> {
  const random = seeded(seed);
  const done: Kill[] = [];
  const averageMs = (seconds * 1_000) / (kills + 1);
  let crashAt: string | undefined;
  while (done.length < kills && !isOver()) {
    const pauseMs = averageMs * (0.3 + random() * 1.2);
    const timer = new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (crashAt === undefined) {
      await timer;
      await server.kill();
    } else {
      // The point is passed soon under load; if not, it ends like the others.
      await Promise.race([server.exited, new Promise((resolve) => setTimeout(resolve, 10_000))]);
      await server.kill();
    }
    const at = crashAt ?? "random";
    const point = crashPoints[Math.floor(random() * crashPoints.length)];
    crashAt = done.length % 3 === 1 ? `${point}:${20 + Math.floor(random() * 400)}` : undefined;
    const startedAt = performance.now();
    await server.start(crashAt === undefined ? {} : { PARLANCE_CRASH_AT: crashAt });
    done.push({ at, restartMs: Math.round(performance.now() - startedAt) });
  }
  if (crashAt !== undefined && done.length > 0) {
    // The last start must not be one that ends itself.
    await server.kill();
    await server.start();
    done.push({ at: "random", restartMs: 0 });
  }
  return done;
}

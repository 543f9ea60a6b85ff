/** The arithmetic of a shared bucket: for the stores that do it in this process. Redis does the same in `rates.lua`. */
import type { RateShare, RateStore, RateWant } from "../ports/index.ts";

/** A bucket between two requests. */
export interface SharedBucket {
  readonly level: number;
  /** When the level was that; milliseconds of the store's clock. */
  readonly at: number;
  /** By node: what it holds, and until when. */
  readonly held: Readonly<Record<string, readonly [tokens: number, until: number]>>;
}

/** Takes a share. @param bucket Undefined: it is full. */
export function takeShare(
  bucket: SharedBucket | undefined,
  want: RateWant,
  now: number,
): { readonly bucket: SharedBucket; readonly share: RateShare } {
  const { perSecond, burst, node, left } = want;
  const { level: before, at, held } = bucket ?? { level: burst, at: now, held: {} };
  const others = Object.entries(held).filter(([name, [, until]]) => name !== node && until > now);
  const elsewhere = others.reduce((sum, [, [tokens]]) => sum + tokens, 0);
  // A clock that went back gives nothing.
  const level = Math.min(burst, before + (Math.max(0, now - at) / 1_000) * perSecond);
  // What nodes hold may be spent at any moment: with it there is never more than the bucket takes.
  const free = Math.max(0, Math.min(level, burst - elsewhere - left));
  const spent = Math.min(want.spend, Math.floor(free));
  // Half is never held: else nodes where a user is idle would leave none for the one where it is not.
  const mayHold = Math.floor(Math.min(free - spent, burst / 2 - elsewhere - left));
  const taken = Math.max(0, Math.min(want.hold, mayHold));
  const rest = level - spent - taken;
  const own = left + taken;
  const waitMs = spent < want.spend ? waitOf(want, rest, others, now) : 0;
  return {
    bucket: {
      level: rest,
      at: now,
      held: Object.fromEntries([
        ...others,
        ...(own > 0 ? [[node, [own, now + want.holdMs]] as const] : []),
      ]),
    },
    share: { spent, held: taken, level: Math.max(0, free - spent - taken), waitMs },
  };
}

/** Until a token flows in, or until what keeps it off is given up. */
function waitOf(
  { perSecond, burst, left }: RateWant,
  level: number,
  others: readonly (readonly [string, readonly [number, number]])[],
  now: number,
): number {
  if (level < 1) return Math.ceil(((1 - level) / perSecond) * 1_000);
  let elsewhere = others.reduce((sum, [, [tokens]]) => sum + tokens, 0);
  for (const [, [tokens, until]] of others.toSorted((a, b) => a[1][1] - b[1][1])) {
    elsewhere -= tokens;
    if (burst - elsewhere - left >= 1) return Math.max(1, Math.ceil(until - now));
  }
  return 1;
}

/** When a bucket is as good as one that nobody asked for. */
export function fullAt({ level, at, held }: SharedBucket, want: RateWant): number {
  const filled = at + ((want.burst - level) / want.perSecond) * 1_000;
  return Math.ceil(Math.max(filled, ...Object.values(held).map(([, until]) => until)));
}

const maxBuckets = 100_000;

/**
 * A store for the processes that one process serves. Beyond 100,000 buckets the one that was longest not asked for is forgotten,
 * so nobody with many addresses can fill it.
 *
 * @param now Milliseconds of a clock that never goes back.
 */
export function createMemoryRateStore(now: () => number): RateStore {
  const buckets = new Map<string, SharedBucket>();
  return {
    take: (wants) =>
      Promise.resolve(
        wants.map((want) => {
          const { bucket, share } = takeShare(buckets.get(want.bucket), want, now());
          buckets.delete(want.bucket);
          buckets.set(want.bucket, bucket);
          for (const oldest of buckets.keys()) {
            if (buckets.size <= maxBuckets) break;
            buckets.delete(oldest);
          }
          return share;
        }),
      ),
  } satisfies RateStore;
}

/**
 * Buckets of tokens that all nodes of an install share. A node takes a small share of a bucket and spends it by itself, so that
 * most commands ask nobody; what it holds is kept off the bucket, so that the nodes together never have more than the bucket.
 */
export interface RateStore {
  /**
   * Takes shares, each by itself, by the store's own clock. A bucket that nobody asked for before is full.
   *
   * @returns one answer for each, in the order of `wants`.
   * @throws Error if the store is away: what was taken then is lost to everybody, until it flows in again.
   */
  take(wants: readonly RateWant[]): Promise<readonly RateShare[]>;
}

/** What one node wants of one bucket. */
export interface RateWant {
  /** The bucket's name: at most 250 characters. */
  readonly bucket: string;
  /** Tokens that flow in each second, above 0. */
  readonly perSecond: number;
  /** What the bucket takes, at least 1. */
  readonly burst: number;
  readonly node: string;
  /** Tokens of earlier shares that the node still has. */
  readonly left: number;
  /** Tokens that are spent at once. */
  readonly spend: number;
  /** Tokens to hold beside them, for commands to come. */
  readonly hold: number;
  /** How long the node may hold what it holds. */
  readonly holdMs: number;
}

export interface RateShare {
  readonly spent: number;
  readonly held: number;
  /** Tokens that are left for others. */
  readonly level: number;
  /** Milliseconds until there is one more, where not all was given that was to be spent; else 0. */
  readonly waitMs: number;
}

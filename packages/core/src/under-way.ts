import { ProtocolError } from "@parlance/protocol";
import { backlogRetryMs } from "./task-order.ts";

/** Whose work it is, and how much of it may be under way at once. */
export interface WorkBound {
  readonly whose: string;
  readonly most: number;
}

/** Counts what is under way, by whose it is. Only those of whom something is under way are known. */
export class UnderWay {
  readonly #counts = new Map<string, number>();

  /**
   * Does the work, if it is within every bound.
   *
   * @throws ProtocolError `rate_limited` with the `limit` that is reached, and what the work throws.
   */
  async run<T>(bounds: readonly WorkBound[], work: () => Promise<T>): Promise<T> {
    for (const { whose, most } of bounds) {
      if ((this.#counts.get(whose) ?? 0) < most) continue;
      throw new ProtocolError("rate_limited", { limit: most, retry_after_ms: backlogRetryMs });
    }
    for (const { whose } of bounds) this.#add(whose, 1);
    try {
      return await work();
    } finally {
      for (const { whose } of bounds) this.#add(whose, -1);
    }
  }

  #add(whose: string, change: 1 | -1): void {
    const count = (this.#counts.get(whose) ?? 0) + change;
    if (count > 0) this.#counts.set(whose, count);
    else this.#counts.delete(whose);
  }
}

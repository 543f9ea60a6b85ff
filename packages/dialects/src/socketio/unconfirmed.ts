import type { Bytes } from "@parlance/core";
import { textsOf } from "./frames.ts";

/** Chunks kept; they are shared by all receivers, so this is about references. */
const maxChunks = 1_024;

/** A moment of a connection's output. */
export interface Moment {
  /** Chunks written up to it, counted over the connection's life. */
  readonly count: number;
}

/**
 * What one connection was sent and is not known to have. A client that comes back names the last event that it got;
 * in here is what came behind it, in all rooms, in the order in which it was sent.
 */
export class Unconfirmed {
  #chunks: Bytes[] = [];
  /** Chunks before the first of `#chunks`. */
  #before = 0;
  /** What is confirmed up to here makes the record whole again; undefined while it is whole. */
  #brokenUntil: number | undefined;

  add(chunk: Bytes): void {
    if (this.#chunks.length >= maxChunks) this.forget();
    this.#chunks.push(chunk);
  }

  now(): Moment {
    return { count: this.#before + this.#chunks.length };
  }

  /** Everything up to a moment has arrived. */
  confirmed({ count }: Moment): void {
    const arrived = count - this.#before;
    if (arrived > 0) {
      this.#chunks.splice(0, arrived);
      this.#before = count;
    }
    if (this.#brokenUntil !== undefined && count >= this.#brokenUntil) {
      this.#brokenUntil = undefined;
    }
  }

  /** Too much of it, or of no use any more: until it is confirmed what a client has is not known exactly. */
  forget(): void {
    this.#before += this.#chunks.length;
    this.#chunks = [];
    this.#brokenUntil = this.#before;
  }

  /** In order; undefined where something is missing. */
  packets(): readonly string[] | undefined {
    return this.#brokenUntil === undefined ? this.#chunks.flatMap(textsOf) : undefined;
  }
}

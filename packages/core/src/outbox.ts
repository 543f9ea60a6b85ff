/**
 * A connection's queue of unsent chunks, emptied with one write per turn. It is bounded by bytes: over the
 * budget the connection is *lagging*, and rooms stop queueing for it (`room.ts` then reads from the log as the
 * socket drains). Memory stays flat however slow the reader.
 */
import type { Flusher } from "./flusher.ts";
import type { Bytes, Link, Wire } from "./ports/index.ts";

/** Whose outbox it is: told when a lagging one may be served again. */
export interface OutboxOwner {
  recovered(): void;
  /** Everything queued was handed to the link. */
  flushed(): void;
}

/** Above this a joined copy costs more than a second write. */
const joinBytes = 65_536;

export class Outbox {
  readonly #owner: OutboxOwner;
  readonly #link: Link;
  readonly #wire: Wire;
  readonly #flusher: Flusher;
  readonly #budget: number;
  #chunks: Bytes[] = [];
  #bytes = 0;
  #isUrgent = false;
  #isLagging = false;
  #isClosed = false;

  constructor(owner: OutboxOwner, link: Link, wire: Wire, flusher: Flusher, budget: number) {
    this.#owner = owner;
    this.#link = link;
    this.#wire = wire;
    this.#flusher = flusher;
    this.#budget = budget;
  }

  /** Bytes queued here, beyond what the link holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes on their way: queued here or taken by the link and not yet sent. */
  get unsentBytes(): number {
    return this.#bytes + this.#link.unsentBytes;
  }

  /** True from the moment the budget is passed until half of it is free again. */
  get isLagging(): boolean {
    return this.#isLagging;
  }

  /**
   * Queues one chunk of whole frames. The caller looks at `isLagging` first for anything that can wait.
   *
   * @param isBulk One of very many copies: written after everything that is not.
   */
  push(chunk: Bytes, isBulk = false): void {
    if (this.#isClosed) return;
    if (!isBulk) {
      if (!this.#isUrgent) this.#flusher.markUrgent(this);
      this.#isUrgent = true;
    } else if (this.#chunks.length === 0) this.#flusher.markBulk(this);
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > this.#budget) this.#lag();
  }

  /** Hands everything to the link. Called by the flusher, once per turn. */
  flush(): void {
    this.#isUrgent = false;
    const chunks = this.#chunks;
    if (chunks.length === 0) return;
    const bytes = this.#bytes;
    const { tally } = this.#flusher;
    tally.sentBytes += bytes;
    tally.writes += 1;
    this.#chunks = [];
    this.#bytes = 0;
    const first = chunks[0];
    if (first !== undefined && chunks.length === 1) this.#link.write(first);
    else if (bytes <= joinBytes) this.#link.write(this.#flusher.join(this.#wire, chunks));
    else for (const chunk of chunks) this.#link.write(chunk);
    this.#owner.flushed();
    if (this.#link.unsentBytes > this.#budget) this.#lag();
    else this.recover();
  }

  #lag(): void {
    if (!this.#isLagging) this.#flusher.tally.lagged += 1;
    this.#isLagging = true;
  }

  /** To be called when the link has sent something: ends *lagging* when half of the budget is free. */
  recover(): void {
    if (!this.#isLagging || this.unsentBytes > this.#budget / 2) return;
    this.#isLagging = false;
    this.#owner.recovered();
  }

  /** Nothing more is accepted; what is queued is dropped. */
  close(): void {
    this.#isClosed = true;
    this.#chunks = [];
    this.#bytes = 0;
  }
}

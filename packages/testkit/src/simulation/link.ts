import type { Inlet, Link } from "@parlance/core";
import type { SimHost } from "./host.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** The client's end of a link. */
export interface LinkPeer {
  /** Bytes read in 50 ms; 0 while it reads nothing, `Infinity` for a quick one. */
  readonly readRate: number;
  /** Bytes as they arrive, cut anywhere. */
  received(link: SimLink, bytes: Uint8Array): void;
  /** The link is gone; `code` as in RFC 6455, 1006 where none came. */
  ended(link: SimLink, code: number): void;
}

/** Whoever wants to know what passes. */
export interface LinkWatch {
  /** The node writes. */
  isLive(link: SimLink): void;
  /** The node takes a frame. */
  taken(frame: string): void;
}

/** What a link was opened with, for the check of revocation. */
export interface LinkCredential {
  readonly session: string;
  /** Milliseconds since 1970, the latest that the node may believe. */
  expiresAt: number;
  /** The node verified it. */
  isVerified: boolean;
}

/** How fast a slow reader's socket empties, in milliseconds between two looks. */
const slowReadMs = 50;
const quickReadMs = 2;

/** One connection between a client and a node: in order both ways, as slow as its reader, cut at any byte. */
export class SimLink implements Link {
  readonly host: SimHost;
  readonly peer: LinkPeer;
  credential: LinkCredential | undefined;
  /** The node said good-bye or let go. */
  isEndedByNode = false;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #watch: LinkWatch;
  #inlet: Inlet | undefined;
  #waiting: Uint8Array[] = [];
  #unsentBytes = 0;
  #isCut = false;
  #isDraining = false;
  #isUpLost = false;
  #closeCode: number | undefined;
  #upAt = 0;
  #downAt = 0;

  constructor(
    scheduler: Scheduler,
    random: Random,
    ends: { readonly host: SimHost; readonly peer: LinkPeer },
    watch: LinkWatch,
  ) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.host = ends.host;
    this.peer = ends.peer;
    this.#watch = watch;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Where the node takes what the client sends. */
  accept(inlet: Inlet): void {
    this.#inlet = inlet;
  }

  /** From the client. */
  send(frame: string): void {
    if (this.#isCut) return;
    this.#up("receive", (inlet) => {
      this.#watch.taken(frame);
      inlet.receive(frame);
    });
  }

  write(chunk: Uint8Array): void {
    if (this.isEndedByNode) return;
    this.#watch.isLive(this);
    this.#waiting.push(chunk);
    this.#unsentBytes += chunk.length;
    this.drain();
  }

  close(code: number): void {
    if (this.isEndedByNode) return;
    this.isEndedByNode = true;
    this.#closeCode = code;
    this.drain();
  }

  terminate(): void {
    if (this.isEndedByNode) return;
    this.isEndedByNode = true;
    this.#scheduler.after(1, "terminated", () => this.#end(1006));
  }

  /**
   * The network or a process gave up: the client notices now, the node after `noticedAfterMs`. What the client
   * sent before may still arrive; what the node had written is lost from some byte on.
   */
  cut(noticedAfterMs: number): void {
    if (this.#isCut) return;
    this.#end(1006);
    this.#scheduler.after(noticedAfterMs, "closed", () => this.#closed(1006), this.host);
  }

  /** Moves what the node wrote towards a client that reads. To be called when its reading changes. */
  drain(): void {
    if (this.#isDraining || this.#isCut || this.peer.readRate === 0) return;
    if (this.#waiting.length === 0 && this.#closeCode === undefined) return;
    this.#isDraining = true;
    const isQuick = this.peer.readRate === Number.POSITIVE_INFINITY;
    const waitMs = isQuick ? this.#random.between(0, quickReadMs) : slowReadMs;
    this.#scheduler.after(waitMs, "drain", () => {
      this.#isDraining = false;
      if (this.#isCut) return;
      this.#take(this.peer.readRate);
      if (this.#waiting.length === 0 && this.#closeCode !== undefined) this.#finish();
      else this.drain();
    });
  }

  #take(most: number): void {
    const taken: Uint8Array[] = [];
    let room = most;
    while (room > 0) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      if (next.length > room) this.#waiting.unshift(next.subarray(room));
      const part = next.subarray(0, Math.min(room, next.length));
      room -= part.length;
      taken.push(part);
    }
    if (taken.length === 0) return;
    const bytes = Buffer.concat(taken);
    this.#unsentBytes -= bytes.length;
    this.#down("arrive", () => this.peer.received(this, bytes));
    this.#scheduler.after(0, "drained", () => this.#inlet?.drained(), this.host);
  }

  #finish(): void {
    const code = this.#closeCode ?? 1006;
    this.#down("close", () => {
      this.#end(code);
      this.#scheduler.after(1, "closed", () => this.#closed(code), this.host);
    });
  }

  #closed(code: number): void {
    this.isEndedByNode = true;
    this.#inlet?.closed(code);
  }

  #end(code: number): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.peer.ended(this, code);
  }

  #up(label: string, run: (inlet: Inlet) => void): void {
    this.#upAt = Math.max(this.#upAt, this.#scheduler.now + this.#random.between(0, 3));
    this.#scheduler.after(
      this.#upAt - this.#scheduler.now,
      label,
      () => {
        // Half of what was on its way when the link was cut still arrives, from the front.
        if (this.#isCut && this.#random.chance(0.5)) this.#isUpLost = true;
        if (this.#inlet !== undefined && !this.#isUpLost) run(this.#inlet);
      },
      this.host,
    );
  }

  #down(label: string, run: () => void): void {
    this.#downAt = Math.max(this.#downAt, this.#scheduler.now + this.#random.between(0, 3));
    this.#scheduler.after(this.#downAt - this.#scheduler.now, label, () => {
      if (!this.#isCut) run();
    });
  }
}

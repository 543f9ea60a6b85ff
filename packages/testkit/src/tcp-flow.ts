/** One direction of a proxied connection: bytes wait here for as long as the faults of the moment say. */
import type { Socket } from "node:net";

/** What is done to the bytes of one direction. */
export interface FlowFaults {
  /** Everything waits; the connection stays open and silent. */
  isHeld: boolean;
  delayMs: number;
  /** 0: not limited. */
  bytesPerSecond: number;
}

/**
 * Sees the bytes of one direction as they come and sends on what shall arrive, now or later, as it likes.
 *
 * @param send May be called any number of times, also after the call.
 */
export type Transform = (bytes: Buffer, send: (bytes: Buffer) => void) => void;

/** More bytes waiting than this, and the sender is not read any more, as with a full socket buffer. */
const maxWaitingBytes = 262_144;
/** A throttled direction sends this often. */
const throttleTickMs = 50;

export class Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #faults: Readonly<FlowFaults>;
  readonly #transform: Transform | undefined;
  #waiting: { readonly dueAt: number; bytes: Buffer }[] = [];
  #waitingBytes = 0;
  #endedAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sentAt = 0;
  #isBlocked = false;
  #finished: (() => void) | undefined;

  constructor(from: Socket, to: Socket, faults: Readonly<FlowFaults>, transform?: Transform) {
    this.#from = from;
    this.#to = to;
    this.#faults = faults;
    this.#transform = transform;
    from.on("data", (bytes) => this.#took(bytes));
    from.on("end", () => {
      this.#endedAt = performance.now() + faults.delayMs;
      this.pump();
    });
    to.on("drain", () => {
      this.#isBlocked = false;
      this.pump();
    });
  }

  #took(bytes: Buffer): void {
    const send = (sent: Buffer): void => {
      this.#waiting.push({ dueAt: performance.now() + this.#faults.delayMs, bytes: sent });
      this.#waitingBytes += sent.length;
      this.pump();
    };
    if (this.#transform === undefined) send(bytes);
    else this.#transform(bytes, send);
  }

  /** Sends what is due; to be called whenever the faults changed. */
  pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || this.#faults.isHeld || this.#isBlocked) break;
      const now = performance.now();
      const allowed = this.#allowance(now);
      if (next.dueAt > now || allowed === 0) {
        const waitMs = allowed === 0 ? throttleTickMs : next.dueAt - now;
        this.#timer = setTimeout(() => this.pump(), waitMs);
        break;
      }
      const part = next.bytes.subarray(0, allowed);
      if (part.length === next.bytes.length) this.#waiting.shift();
      else next.bytes = next.bytes.subarray(allowed);
      this.#waitingBytes -= part.length;
      this.#sentAt = now;
      if (!this.#to.writable) continue;
      this.#isBlocked = !this.#to.write(part);
    }
    this.#afterPump();
  }

  #allowance(now: number): number {
    const { bytesPerSecond } = this.#faults;
    if (bytesPerSecond === 0) return Number.MAX_SAFE_INTEGER;
    const sinceMs = Math.min(now - this.#sentAt, 2 * throttleTickMs);
    if (sinceMs < throttleTickMs) return 0;
    return Math.max(1, Math.floor((bytesPerSecond * sinceMs) / 1_000));
  }

  #afterPump(): void {
    const isFull = this.#waitingBytes > maxWaitingBytes || this.#faults.isHeld || this.#isBlocked;
    if (isFull) this.#from.pause();
    else this.#from.resume();
    if (this.#endedAt !== undefined && this.#waiting.length === 0 && !this.#faults.isHeld) {
      if (!this.#to.writableEnded) this.#to.end();
    }
    if (this.#waiting.length === 0) this.#finished?.();
  }

  /** Calls back when nothing waits any more. */
  finish(done: () => void): void {
    this.#finished = done;
    this.pump();
  }

  /** Forgets what waits. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }
}

/** The only source of time, and of "later". The system's one is in `server`, a virtual one in `testkit`. */
export interface Clock {
  /** Milliseconds since 1970, UTC. May jump; used for what people read and for token expiry only. */
  now(): number;
  /** Milliseconds from an arbitrary start that never go back; used for every time-out and interval. */
  monotonic(): number;
  /** Runs once after `delayMs`. The timer does not keep the process alive. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs after the input of this turn of the event loop has been read, before the next is waited for. */
  afterTurn(run: () => void): void;
}

export interface Timer {
  cancel(): void;
}

/** Where a node tells what each command spent its time with. Absent where nobody wants to know, and then it costs nothing. */
export interface Tracer {
  /**
   * A command begins.
   *
   * @param via The dialect of its connection, `http`, or a door.
   * @param traceparent W3C Trace Context, "traceparent": what it is a part of, as its sender says.
   * @returns undefined for one that is not sampled.
   */
  command(type: string, via: string, traceparent?: string): CommandTrace | undefined;
}

/** Steps of a command. `ask`: the application is asked. `deliver` may end after the command has been answered. */
export type TraceStep = "authorize" | "ask" | "append" | "commit" | "announce" | "deliver";

/** One command that is watched. */
export interface CommandTrace {
  /** A step begins. @returns what ends it; later calls do nothing. */
  step(name: TraceStep): () => void;
  /** It was answered. @param code Of the error, if by one. */
  end(code?: string): void;
}

import type { CommandTrace } from "./ports/index.ts";
import type { Services } from "./services.ts";

/** One command from its beginning to its answer: how long it took is counted, and told where somebody watches. */
export class CommandRun {
  readonly trace: CommandTrace | undefined;
  readonly #services: Pick<Services, "clock" | "tally" | "tracer">;
  readonly #type: string;
  readonly #via: string;
  readonly #beganAt: number;

  /** @param via The dialect of its connection, `http`, or a door. @param traceparent As its sender gave it. */
  constructor(
    services: Pick<Services, "clock" | "tally" | "tracer">,
    type: string,
    via: string,
    traceparent?: string,
  ) {
    this.#services = services;
    this.#type = type;
    this.#via = via;
    this.#beganAt = services.clock.monotonic();
    this.trace = services.tracer?.command(type, via, traceparent);
  }

  /** It was answered. @param code Of the error, if by one. */
  end(code?: string): void {
    const { clock, tally } = this.#services;
    tally.command(this.#via, this.#type, clock.monotonic() - this.#beganAt);
    this.trace?.end(code);
  }
}

/**
 * The order of one connection's tasks. They take effect in the order in which they came: one that has to wait (for a room to
 * open, for a token to be checked) holds back those behind it; appends alone go on side by side, in order, until their
 * commit answers them. What a translator asks for in answer to a task is done before what the peer sent behind it.
 */
import { ProtocolError, type Reply } from "@parlance/protocol";
import { CommandRun } from "./command-run.ts";
import type { Answer } from "./gate.ts";
import { type Awaitable, type Outcome, Pipelined, Together } from "./outcome.ts";
import type { CommandTrace, Task } from "./ports/index.ts";
import type { Services } from "./services.ts";

/** Tasks, and characters of them, that may wait behind others. More are refused as `rate_limited`. */
const maxBacklog = 1_000;
const maxBacklogLength = 262_144;
/** Appends of one connection that wait for their commit. More would make everybody else's commits late. */
const maxAppends = 256;
/** What a client is told to wait when it is refused without being over its rate. */
export const backlogRetryMs = 100;

/** Whose tasks they are. `answer` is who is told what became of one: the translator if nobody else. */
export interface TaskOwner {
  readonly isClosed: boolean;
  /** The dialect. */
  readonly via: string;
  /** Why one cannot be done in the connection's present state. */
  refusal(task: Task): ProtocolError | undefined;
  /** Starts one. @throws ProtocolError, StorageError, or rejects with one. */
  begin(task: Task, trace: CommandTrace | undefined): Awaitable<Outcome>;
  tell(task: Task, answer: Answer | undefined, reply: Reply): void;
  tellFailure(task: Task, answer: Answer | undefined, error: ProtocolError): void;
  /** Something was thrown: told as an error of the table, which is returned, and the connection may end by it. */
  fail(task: Task, answer: Answer | undefined, thrown: unknown): ProtocolError;
  /** Nothing is under way any more. */
  idle(): void;
}

type Uses = Pick<Services, "isAwake" | "report" | "clock" | "tally" | "tracer">;

interface Waiting {
  readonly task: Task;
  readonly answer: Answer | undefined;
  readonly length: number;
}

export class TaskOrder {
  readonly #owner: TaskOwner;
  readonly #services: Uses;
  #appends = 0;
  #isBusy = false;
  #backlog: Waiting[] = [];
  #backlogLength = 0;
  /** Asked for by the translator itself; before the backlog. */
  #followUps: Waiting[] = [];

  constructor(owner: TaskOwner, services: Uses) {
    this.#owner = owner;
    this.#services = services;
  }

  get isIdle(): boolean {
    return !this.#isBusy && this.#appends === 0;
  }

  /** A task of the peer's. @param length Characters that it counts in the backlog. */
  take(task: Task, answer: Answer | undefined, length: number): void {
    if (this.#backlog.length === 0 && this.#followUps.length === 0 && this.#mayRun()) {
      this.#run(task, answer);
    } else if (
      this.#backlog.length >= maxBacklog ||
      this.#backlogLength + length > maxBacklogLength
    ) {
      const details = { retry_after_ms: backlogRetryMs };
      this.#owner.tellFailure(task, answer, new ProtocolError("rate_limited", details));
    } else {
      this.#backlog.push({ task, answer, length });
      this.#backlogLength += length;
    }
  }

  /** A task that belongs to one of the peer's. There are a few of them at most for each. */
  takeFollowUp(task: Task): void {
    if (this.#followUps.length === 0 && this.#mayRun()) this.#run(task, undefined);
    else this.#followUps.push({ task, answer: undefined, length: 0 });
  }

  /** Goes on with what waits, as far as may be. */
  goOn(): void {
    let taken = 0;
    while (!this.#owner.isClosed && this.#mayRun()) {
      const followUp = this.#followUps.shift();
      if (followUp !== undefined) {
        this.#run(followUp.task, followUp.answer);
        continue;
      }
      const next = this.#backlog[taken];
      if (next === undefined) break;
      taken += 1;
      this.#backlogLength -= next.length;
      this.#run(next.task, next.answer);
    }
    if (taken > 0) this.#backlog = this.#backlog.slice(taken);
    if (this.isIdle) this.#owner.idle();
  }

  /** Nothing that waits is done any more. */
  drop(): void {
    const waiting = this.#backlog;
    this.#backlog = [];
    this.#backlogLength = 0;
    this.#followUps = [];
    for (const { answer } of waiting) answer?.failed(new ProtocolError("unavailable"));
  }

  #mayRun(): boolean {
    return !this.#isBusy && this.#appends < maxAppends && this.#services.isAwake();
  }

  #run(task: Task, answer: Answer | undefined): void {
    const refusal = this.#owner.refusal(task);
    if (refusal !== undefined) {
      this.#owner.tellFailure(task, answer, refusal);
      return;
    }
    const run = new CommandRun(this.#services, task.type, this.#owner.via);
    let outcome: Awaitable<Outcome>;
    try {
      outcome = this.#owner.begin(task, run.trace);
      if (!(outcome instanceof Promise)) {
        this.#complete(task, answer, outcome, run);
        return;
      }
    } catch (error) {
      run.end(this.#owner.fail(task, answer, error).code);
      return;
    }
    this.#isBusy = true;
    outcome
      .then((settled) => this.#complete(task, answer, settled, run))
      .catch((error: unknown) => run.end(this.#owner.fail(task, answer, error).code))
      .finally(() => {
        this.#isBusy = false;
        this.goOn();
      })
      .catch((error: unknown) => this.#services.report("error", "backlog_failed", { error }));
  }

  #complete(task: Task, answer: Answer | undefined, outcome: Outcome, run: CommandRun): void {
    if (outcome instanceof Pipelined) {
      // Also where the connection has gone: nobody else would hear that it failed.
      this.#appends += 1;
      outcome.done
        .then((reply) => {
          this.#owner.tell(task, answer, reply);
          run.end();
        })
        .catch((error: unknown) => run.end(this.#owner.fail(task, answer, error).code))
        .finally(() => {
          this.#appends -= 1;
          this.goOn();
        })
        .catch((error: unknown) => this.#services.report("error", "reply_failed", { error }));
      return;
    }
    if (this.#owner.isClosed) {
      run.end();
      answer?.failed(new ProtocolError("unavailable", { retry_after_ms: backlogRetryMs }));
      return;
    }
    if (outcome instanceof Together) {
      this.#owner.tell(task, answer, outcome.finish());
      outcome.afterwards();
    } else this.#owner.tell(task, answer, outcome);
    run.end();
  }
}

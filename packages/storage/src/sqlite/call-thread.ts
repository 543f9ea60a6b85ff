import type { Worker } from "node:worker_threads";
import { StorageError } from "@parlance/core";
import type { Call, CallResult } from "./thread-messages.ts";

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Methods<W> = { readonly [N in keyof W]: (...args: never[]) => unknown };

/** A thread that does what it is asked for by name, one thing after the other. It starts when something is. */
export class CallThread<W extends Methods<W>> {
  readonly #start: () => Worker;
  #worker: Worker | undefined;
  #waiting: Waiting[] = [];
  #end: string | undefined;

  /** @param start Makes the thread, which answers every `Call` with a `CallResult`, and ends after `close`. */
  constructor(start: () => Worker) {
    this.#start = start;
  }

  /** Why nothing can be asked any more. */
  get end(): string | undefined {
    return this.#end;
  }

  call<N extends keyof W & string>(name: N, ...args: Parameters<W[N]>): Promise<ReturnType<W[N]>> {
    return this.#ask(name, args) as Promise<ReturnType<W[N]>>;
  }

  async close(): Promise<void> {
    if (this.#end !== undefined) return;
    if (this.#worker !== undefined) await this.#ask("close", []);
    this.#end = "the thread is closed";
  }

  #ask(name: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#end !== undefined) return Promise.reject(new StorageError(this.#end, "none"));
    const worker = (this.#worker ??= this.#watched());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      worker.postMessage({ name, args } satisfies Call);
    });
  }

  #watched(): Worker {
    const worker = this.#start();
    worker.on("message", (result: CallResult) => {
      const job = this.#waiting.shift();
      if (result.ok) job?.resolve(result.value);
      else job?.reject(new StorageError(result.failure.message, result.failure.effect));
    });
    const end = (reason: string): void => {
      this.#end ??= reason;
      for (const job of this.#waiting.splice(0)) job.reject(new StorageError(reason, "unknown"));
    };
    worker.on("error", (error) => end(error instanceof Error ? error.message : String(error)));
    worker.on("exit", () => end("the thread has ended"));
    return worker;
  }
}

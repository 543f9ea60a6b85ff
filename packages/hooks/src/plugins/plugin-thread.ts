/** One plug-in's thread as the server sees it: asked, told, watched, and started anew where it ends. */
import { Worker } from "node:worker_threads";
import type { Clock, Identity, Report, Timer } from "@parlance/core";
import { type ErrorCode, type ErrorDetails, errors, ProtocolError } from "@parlance/protocol";
import { refusalOf } from "../answers.ts";
import { Silence } from "../silence.ts";
import type { Asked, FromThread, Manifest, Moment, Refused, ToThread } from "./messages.ts";

/** Loading a plug-in may take so long. */
const startTimeoutMs = 15_000;
/** A thread that answers no ping for so long runs in circles. */
const pongTimeoutMs = 1_000;
/** Questions to one plug-in that wait for their answer. */
const maxUnderWay = 1_000;
/** Moments that were told and not heard yet; more are left out. */
const maxUnheard = 10_000;
/** Wait before a thread that ended is started anew: doubles each time, and is short again once it lived for a while. */
const firstRestartMs = 200;
const longestRestartMs = 30_000;
const steadyMs = 60_000;
/** Memory of one thread: what goes on growing ends it, and not the server. */
const maxHeapMegabytes = 256;

export interface PluginOptions {
  /** The file. */
  readonly path: string;
  /** All that it sees of the environment: the server's own has secrets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly report: Report;
  /** Does a command in somebody's name; of the plug-in itself where nobody's. */
  execute(identity: Identity | "plugin", plugin: string, command: object): Promise<unknown>;
}

interface Pending {
  readonly identity: Identity | undefined;
  readonly refuses: ErrorCode;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

/** A question, who asks it, and the row of the table that its refusal is. */
export interface ThreadQuestion {
  readonly asked: Asked;
  readonly question: object;
  readonly identity?: Identity;
  readonly refuses: ErrorCode;
}

export class PluginThread {
  readonly manifest: Manifest;
  readonly #options: PluginOptions;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #lastId = 0;
  #unheard = 0;
  #leftOut = 0;
  #startedAt: number;
  #restartMs = firstRestartMs;
  #timer: Timer | undefined;
  #pong: Timer | undefined;
  #watch: Timer | undefined;
  #isClosed = false;

  private constructor(options: PluginOptions, worker: Worker, manifest: Manifest) {
    this.#options = options;
    this.manifest = manifest;
    this.#startedAt = options.clock.monotonic();
    this.#take(worker);
  }

  /** @throws Error with what is wrong with it, in words. */
  static async start(options: PluginOptions): Promise<PluginThread> {
    const { worker, manifest } = await spawn(options);
    return new PluginThread(options, worker, manifest);
  }

  /** @throws Silence, or ProtocolError where it refuses. */
  ask({ asked, question, identity, refuses }: ThreadQuestion): Promise<unknown> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new Silence("plug-in is not running"));
    if (this.#pending.size >= maxUnderWay) {
      return Promise.reject(new Silence("too many questions under way"));
    }
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(this.manifest.timeoutMs, () => {
        this.#pending.delete(id);
        reject(new Silence("timeout"));
        this.#probe();
      });
      this.#pending.set(id, { identity, refuses, resolve, reject, timer });
      this.#send({ type: "ask", id, asked, question });
    });
  }

  /** Tells a moment, if the plug-in hears it. Never throws. */
  tell(moment: Moment, facts: object): void {
    if (this.#worker === undefined || !this.manifest.moments.includes(moment)) return;
    if (this.#unheard >= maxUnheard) {
      this.#leftOut += 1;
      if (this.#leftOut === 1)
        this.#options.report("warn", "plugin_lags", { plugin: this.manifest.name, moment });
      return;
    }
    this.#unheard += 1;
    this.#send({ type: "tell", moment, facts });
    if (this.#watch === undefined) this.#watchLater();
  }

  /* Nobody asks a plug-in that only listens: whether it still does is asked while something is on its way. */
  #watchLater(): void {
    this.#watch = this.#options.clock.after(this.manifest.timeoutMs, () => {
      this.#watch = undefined;
      if (this.#unheard === 0) return;
      this.#probe();
      this.#watchLater();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of [this.#timer, this.#pong, this.#watch]) timer?.cancel();
    await this.#worker?.terminate();
  }

  // --- The thread -----------------------------------------------------------------------------------

  #take(worker: Worker): void {
    this.#worker = worker;
    this.#startedAt = this.#options.clock.monotonic();
    let why: string | undefined;
    worker.on("message", (message: FromThread) => this.#hear(message));
    worker.on("error", (error: unknown) => {
      why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    });
    worker.on("exit", (code) => this.#ended(worker, why ?? `it ended with ${code}`));
  }

  #send(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  /* A promise that is never kept costs its caller's time; a loop that never ends costs everybody's, and is ended. */
  #probe(): void {
    if (this.#pong !== undefined || this.#worker === undefined) return;
    this.#send({ type: "ping" });
    this.#pong = this.#options.clock.after(pongTimeoutMs, () => {
      this.#pong = undefined;
      void this.#worker?.terminate();
    });
  }

  #ended(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#pong?.cancel();
    this.#pong = undefined;
    this.#unheard = 0;
    for (const [id, { reject, timer }] of this.#pending) {
      timer.cancel();
      this.#pending.delete(id);
      reject(new Silence("plug-in ended"));
    }
    if (this.#isClosed) return;
    if (this.#options.clock.monotonic() - this.#startedAt > steadyMs) {
      this.#restartMs = firstRestartMs;
    }
    this.#options.report("error", "plugin_ended", {
      plugin: this.manifest.name,
      reason,
      restart_ms: this.#restartMs,
    });
    this.#startLater();
  }

  #startLater(): void {
    this.#timer = this.#options.clock.after(this.#restartMs, () => void this.#startAnew());
    this.#restartMs = Math.min(longestRestartMs, this.#restartMs * 2);
  }

  async #startAnew(): Promise<void> {
    try {
      const { worker } = await spawn(this.#options);
      if (this.#isClosed) await worker.terminate();
      else this.#take(worker);
    } catch (error) {
      if (this.#isClosed) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.report("error", "plugin_ended", {
        plugin: this.manifest.name,
        reason,
        restart_ms: this.#restartMs,
      });
      this.#startLater();
    }
  }

  // --- What it says ---------------------------------------------------------------------------------

  #hear(message: FromThread): void {
    this.#pong?.cancel();
    this.#pong = undefined;
    switch (message.type) {
      case "answer":
        this.#settle(message.id)?.resolve(message.value);
        return;
      case "refusal": {
        const pending = this.#settle(message.id);
        pending?.reject(refusalOf(pending.refuses, { text: message.text, code: message.code }));
        return;
      }
      case "error":
        this.#settle(message.id)?.reject(errorOf(message.error));
        return;
      case "failure":
        this.#settle(message.id)?.reject(new Silence(message.reason.slice(0, 200)));
        return;
      case "execute":
        void this.#execute(message);
        return;
      case "told":
        this.#unheard -= 1;
        if (this.#unheard === 0) this.#leftOut = 0;
        return;
      case "says":
        this.#options.report("info", "plugin_says", {
          plugin: this.manifest.name,
          text: message.text,
        });
        return;
      case "ready":
      case "not_ready":
      case "pong":
        return;
      default:
        message satisfies never;
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.timer.cancel();
    return pending;
  }

  /* Security: somebody's name is lent for the time of their own question, and is taken from the server's memory, not from what
   * the thread says. */
  async #execute({ id, call, command }: Extract<FromThread, { type: "execute" }>): Promise<void> {
    const identity = call === undefined ? "plugin" : this.#pending.get(call)?.identity;
    try {
      if (identity === undefined) throw new ProtocolError("unauthenticated");
      const reply = await this.#options.execute(identity, this.manifest.name, command);
      this.#send({ type: "executed", id, reply });
    } catch (error) {
      const refused = error instanceof ProtocolError ? error : new ProtocolError("internal");
      const { code, text, details } = refused.toWire();
      this.#send({
        type: "not_executed",
        id,
        error: { code, text, ...(details === undefined ? {} : { details }) },
      });
    }
  }
}

function errorOf({ code, text, details }: Refused): ProtocolError {
  if (!Object.hasOwn(errors, code)) return new ProtocolError("internal");
  return new ProtocolError(code as ErrorCode, details as ErrorDetails | undefined, { text });
}

async function spawn({ path, environment, clock }: PluginOptions): Promise<{
  readonly worker: Worker;
  readonly manifest: Manifest;
}> {
  const worker = new Worker(new URL("./thread.ts", import.meta.url), {
    workerData: { path },
    env: environment,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Manifest>();
  const timer = clock.after(startTimeoutMs, () => reject(new Error("it does not finish loading")));
  const hear = (message: FromThread): void => {
    if (message.type === "ready") resolve(message.manifest);
    if (message.type === "not_ready") reject(new Error(message.reason));
  };
  const fail = (error: unknown): void =>
    reject(error instanceof Error ? error : new Error(String(error)));
  const end = (code: number): void =>
    reject(new Error(`it ended with ${code} while it was loaded`));
  worker.on("message", hear).on("error", fail).on("exit", end);
  try {
    return { worker, manifest: await promise };
  } catch (error) {
    await worker.terminate();
    throw error;
  } finally {
    timer.cancel();
    worker.off("message", hear).off("error", fail).off("exit", end);
  }
}

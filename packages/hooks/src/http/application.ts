/** One address of the application: signed requests, one deadline for each whole answer, so many at once. */
import type { Clock, Report } from "@parlance/core";
import { signatureField, signRequest } from "../sign.ts";
import { Circuit, type HookView, Silence } from "../silence.ts";
import { Slots } from "../slots.ts";

export interface HttpHookOptions {
  /** Where the application listens. Only the configuration says it, never what somebody sends. */
  readonly url: string;
  /** Signs the requests; the application checks with the same. */
  readonly secret: string;
  /** Milliseconds until silence is taken for an answer, waiting for a free place included. */
  readonly timeoutMs: number;
  /** Questions under way at once. */
  readonly atOnce: number;
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly report: Report;
  /** Told once of what will be counted of its questions. */
  readonly watch?: (view: HookView) => void;
}

/** An answer of which everything was read. */
export interface HttpAnswer {
  readonly status: number;
  /** Empty where the status alone says that it is none. */
  readonly text: string;
}

/** One question. */
export interface Asking<T> {
  /** Its JSON is the body of the request. */
  readonly question: object;
  /** @throws Silence where it makes no sense, ProtocolError where it is a refusal. */
  read(answer: HttpAnswer): T;
  /** @throws ProtocolError where silence refuses. */
  silent(): T;
}

export class Application {
  readonly #options: HttpHookOptions;
  readonly #maxAnswerBytes: number;
  readonly #slots: Slots;
  readonly #circuit: Circuit;

  /** @param use What the hook is called, what silence means there, and how much of an answer is read. */
  constructor(
    options: HttpHookOptions,
    use: {
      readonly hook: string;
      readonly fallback: string;
      readonly mayPause: boolean;
      readonly maxAnswerBytes: number;
    },
  ) {
    this.#options = options;
    this.#maxAnswerBytes = use.maxAnswerBytes;
    this.#slots = new Slots(options.atOnce);
    this.#circuit = new Circuit({ ...options, ...use });
  }

  ask<T>({ question, read, silent }: Asking<T>): Promise<T> {
    return this.#circuit.ask(async () => {
      const deadline = AbortSignal.timeout(this.#options.timeoutMs);
      if (!(await this.#slots.take(deadline))) throw new Silence("too many questions under way");
      try {
        return read(await this.#send(JSON.stringify(question), deadline));
      } finally {
        this.#slots.give();
      }
    }, silent);
  }

  /** @throws Silence */
  async #send(body: string, deadline: AbortSignal): Promise<HttpAnswer> {
    const { url, secret, clock } = this.#options;
    const seconds = Math.floor(clock.now() / 1_000);
    let response: Response;
    try {
      response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          // What it packs, we would have to unpack before we know how much it is.
          "accept-encoding": "identity",
          [signatureField]: signRequest(secret, seconds, body),
        },
        body,
        redirect: "manual",
        signal: deadline,
      });
    } catch {
      throw new Silence(deadline.aborted ? "timeout" : "unreachable");
    }
    try {
      return { status: response.status, text: await this.#read(response) };
    } catch (error) {
      if (error instanceof Silence) throw error;
      throw new Silence(deadline.aborted ? "timeout" : "answer broke off");
    }
  }

  /**
   * What is not read is not waited for either: an application that answers without end costs a few pages of memory.
   *
   * @throws Silence where it is too long.
   */
  async #read(response: Response): Promise<string> {
    const { status } = response;
    if (status !== 200 && (status < 400 || status > 499)) {
      await response.body?.cancel();
      return "";
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    // Leaving the loop cancels the rest.
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > this.#maxAnswerBytes) throw new Silence("answer too long");
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  }
}

/** The JSON of an answer. @throws Silence */
export function jsonOf({ text }: HttpAnswer): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Silence("answer not understood");
  }
}

/** @throws Silence for every status but these. */
export function mustBe(answer: HttpAnswer, ...statuses: readonly number[]): void {
  if (!statuses.includes(answer.status)) throw new Silence(`status ${answer.status}`);
}

/** What the body of a refusal says, if it is an object that says something: `{text, code}`. */
export function wordsOf({ text }: HttpAnswer): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    return "text" in value || "code" in value ? value : undefined;
  } catch {
    return undefined;
  }
}

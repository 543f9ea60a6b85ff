/** The way to the server over HTTP. What is not its own answer, whole and in time, is none. */
import type { ServerError } from "./publication.ts";

export type Answer =
  /** A body of the status 2xx. */
  | { readonly is: "done"; readonly body: Readonly<Record<string, unknown>> }
  | { readonly is: "refused"; readonly error: ServerError }
  /** Nothing is known: it may be stored. */
  | { readonly is: "none"; readonly cause: Error };

/** Whatever the server said, in JSON and whole. */
export type Told =
  | {
      readonly is: "told";
      readonly status: number;
      readonly body: Readonly<Record<string, unknown>>;
    }
  | { readonly is: "none"; readonly cause: Error };

export interface HttpWayOptions {
  readonly url: string;
  /** An API key's token. */
  readonly key: string;
  readonly timeoutMs: number;
}

/** Statuses of the server's that say: later. */
const later: ReadonlySet<number> = new Set([408, 429]);

export class HttpWay {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;

  /** @throws TypeError for an address of another kind, or one that carries a password. */
  constructor({ url, key, timeoutMs }: HttpWayOptions) {
    const base = URL.canParse(url) ? new URL(url) : undefined;
    if (base === undefined || !/^https?:$/.test(base.protocol) || base.username || base.password) {
      throw new TypeError("the server's url begins with http:// or https://");
    }
    this.#base = `${base.origin}${base.pathname.replace(/\/+$/, "")}`;
    this.#headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    this.#timeoutMs = timeoutMs;
  }

  /** Never rejects. */
  async post(body: string): Promise<Answer> {
    const sent = await this.#send("/api/v1/publish", body, {});
    return "cause" in sent ? { is: "none", cause: sent.cause } : read(sent.status, sent.text);
  }

  /** Never rejects. @param path Behind the server's address. */
  async ask(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<Told> {
    const sent = await this.#send(path, body, headers);
    if ("cause" in sent) return { is: "none", cause: sent.cause };
    const told = objectOf(sent.text);
    return told === undefined
      ? { is: "none", cause: new Error(`answered with status ${sent.status}`) }
      : { is: "told", status: sent.status, body: told };
  }

  async #send(
    path: string,
    body: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly text: string } | { readonly cause: Error }> {
    try {
      const response = await fetch(`${this.#base}${path}`, {
        method: "POST",
        headers: { ...this.#headers, ...headers },
        body,
        // The key is for this address and no other one.
        redirect: "manual",
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      return { cause: cause instanceof Error ? cause : new Error("no answer") };
    }
  }
}

function read(status: number, text: string): Answer {
  const body = objectOf(text);
  if (status >= 200 && status < 300 && Array.isArray(body?.["results"])) {
    return { is: "done", body };
  }
  const isRefusal = status >= 400 && status < 500 && !later.has(status);
  const error = errorOf(body?.["error"]);
  // Of a refusal without the server's own words it is not known whose it is: a proxy's without a server behind it, say.
  if (isRefusal && error !== undefined) return { is: "refused", error };
  const code = error === undefined ? "" : ` (${error.code})`;
  return { is: "none", cause: new Error(`answered with status ${status}${code}`) };
}

/** Undefined for what is no error of the server's. */
export function errorOf(value: unknown): ServerError | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { code, text, retry } = value as Readonly<Record<string, unknown>>;
  const isError = typeof code === "string" && typeof text === "string" && typeof retry === "string";
  return isError ? (value as ServerError) : undefined;
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

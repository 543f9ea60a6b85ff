/** One request to a receiver, and what its answer means. */
import type { Clock } from "@parlance/core";
import { bodyOf, type WebhookEvent } from "./events.ts";
import type { FormattedRequest, WebhookFormat, WebhookFormats } from "./format.ts";
import { signatureField, signRequest } from "./sign.ts";

/** Bytes of an answer that are waited for: whole short ones let the connection be used again, the rest is nobody's business. */
const maxAnswerBytes = 16_384;
/** Longest `Retry-After` that is obeyed; milliseconds. */
const maxRetryAfterMs = 3_600_000;

/** What became of a request. */
export type Outcome =
  | { readonly type: "taken" }
  | {
      readonly type: "failed";
      /** In words, to be put behind the receiver's name. */
      readonly reason: string;
      /** Nobody is there who could judge what was sent: others need not try now either. */
      readonly isAway: boolean;
      /** When to come back, where it said so; milliseconds from now. */
      readonly retryAfterMs?: number;
    }
  /** It wants nothing any more (410). */
  | { readonly type: "gone" };

export interface SendOptions {
  readonly clock: Clock;
  /** Until the whole answer; milliseconds. */
  readonly timeoutMs: number;
  /** Of `User-Agent`. */
  readonly version: string;
  readonly formats?: WebhookFormats;
}

/** Who gets it, and what it is signed with. */
export interface Receiver {
  readonly id: string;
  readonly url: string;
  readonly secret: string;
}

/** Sends events. Never throws, but for an abort of the signal's. @param evenNone Also where its format has no words for them. */
export async function send(
  receiver: Receiver,
  events: readonly WebhookEvent[],
  options: SendOptions,
  signal: AbortSignal,
  evenNone = false,
): Promise<Outcome> {
  const { clock, timeoutMs, version } = options;
  const format = options.formats?.get(receiver.id);
  const request = requestOf(receiver, events, format, clock.now());
  if (request.isNone && !evenNone) return { type: "taken" };
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(receiver.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": `parlance/${version}`,
        ...request.headers,
      },
      body: request.body,
      // Security: a receiver names no other one; the operator has named this.
      redirect: "manual",
      signal: AbortSignal.any([signal, deadline]),
    });
    await readShort(response);
    return meaning(response.status, response.headers.get("retry-after"), clock.now());
  } catch (error) {
    signal.throwIfAborted();
    return { type: "failed", reason: reasonOf(error, timeoutMs), isAway: true };
  }
}

function requestOf(
  { id, secret }: Receiver,
  events: readonly WebhookEvent[],
  format: WebhookFormat | undefined,
  now: number,
): FormattedRequest & { readonly isNone: boolean } {
  if (format !== undefined) {
    const translated = format.translate(events);
    return { ...format.request(translated, now), isNone: translated.length === 0 };
  }
  const body = bodyOf(id, events);
  const signature = signRequest(secret, Math.floor(now / 1_000), body);
  return { body, headers: { "parlance-webhook": id, [signatureField]: signature }, isNone: false };
}

/** An answer that breaks off is none: what the receiver did before is not known. One that never ends is cut here. */
async function readShort(response: Response): Promise<void> {
  let bytes = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maxAnswerBytes) return;
  }
}

function meaning(status: number, retryAfter: string | null, now: number): Outcome {
  if (status >= 200 && status < 300) return { type: "taken" };
  if (status === 410) return { type: "gone" };
  const isRedirect = status >= 300 && status < 400;
  const retryAfterMs = retryAfterOf(retryAfter, now);
  return {
    type: "failed",
    reason: isRedirect ? `answered ${status}: redirects are not followed` : `answered ${status}`,
    isAway: [429, 502, 503, 504].includes(status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function retryAfterOf(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), maxRetryAfterMs);
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses the connection",
  ECONNRESET: "ended the connection without an answer",
  UND_ERR_SOCKET: "ended the connection without an answer",
  ENOTFOUND: "has a name that is not known",
  EAI_AGAIN: "has a name that cannot be looked up now",
  EHOSTUNREACH: "cannot be reached",
  ENETUNREACH: "cannot be reached",
  ETIMEDOUT: "cannot be reached",
  UND_ERR_CONNECT_TIMEOUT: "cannot be reached",
  DEPTH_ZERO_SELF_SIGNED_CERT: "has a certificate that it signed itself",
  CERT_HAS_EXPIRED: "has a certificate that is over",
};

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return "cannot be reached";
  if (error.name === "TimeoutError") return `did not answer within ${timeoutMs / 1_000} s`;
  const cause = error.cause as { readonly code?: unknown } | undefined;
  const code = typeof cause?.code === "string" ? cause.code : "";
  return words[code] ?? (code === "" ? "broke off its answer" : `cannot be reached (${code})`);
}

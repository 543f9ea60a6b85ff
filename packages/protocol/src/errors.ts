/**
 * The one table of errors that a client can see. Reply frames, REST status and envelope, close codes, SDK
 * types and `docs/protocol/errors.md` are derived from it or checked against it.
 */

/** What a client may do about an error. */
export type Retry =
  /** The same request will fail again. */
  | "never"
  /** Try the same request again, after `retry_after_ms` if given. Idempotent by `client_message_id`. */
  | "later"
  /** Sign in or refresh first. */
  | "after_auth"
  /** Load the room anew (subscribe without a position) first. */
  | "after_resync";

/** One row: how an error looks on each kind of wire. */
export interface ErrorRow {
  /** REST status. */
  readonly http: number;
  /** WebSocket close code where the error ends a connection: 4000-4499 reconnect, 4500-4999 do not. */
  readonly close?: number;
  readonly retry: Retry;
  /** One plain sentence for people; may change at any time. */
  readonly text: string;
}

const table = {
  bad_request: { http: 400, retry: "never", text: "The request is not well formed." },
  unsupported_version: {
    http: 400,
    close: 4501,
    retry: "never",
    text: "This server does not speak that version of the protocol.",
  },
  unauthenticated: {
    http: 401,
    close: 4401,
    retry: "after_auth",
    text: "Sign in first.",
  },
  token_expired: {
    http: 401,
    close: 4401,
    retry: "after_auth",
    text: "The token has expired.",
  },
  forbidden: { http: 403, retry: "never", text: "You may not do that." },
  archived: {
    http: 403,
    retry: "never",
    text: "This room is archived: it can be read, and nobody writes in it.",
  },
  feature_disabled: { http: 403, retry: "never", text: "That feature is switched off here." },
  not_found: { http: 404, retry: "never", text: "There is no such thing, or not for you." },
  method_not_allowed: { http: 405, retry: "never", text: "That method is not known here." },
  not_acceptable: {
    http: 406,
    retry: "never",
    text: "The answer here has a type that the request does not accept.",
  },
  conflict: {
    http: 409,
    retry: "never",
    text: "This contradicts what is stored already.",
  },
  rejected: { http: 422, retry: "never", text: "The application does not take that message." },
  rpc_failed: { http: 422, retry: "never", text: "The application cannot answer that." },
  resync_required: {
    http: 410,
    retry: "after_resync",
    text: "That position is not in the log any more; load the room anew.",
  },
  too_large: { http: 413, close: 1009, retry: "never", text: "That is too large." },
  unsupported: { http: 415, close: 1003, retry: "never", text: "That is not supported." },
  rate_limited: { http: 429, close: 4429, retry: "later", text: "Too much at once; slow down." },
  internal: { http: 500, close: 1011, retry: "later", text: "Something went wrong on the server." },
  unavailable: {
    http: 503,
    close: 1013,
    retry: "later",
    text: "The server cannot do that right now.",
  },
  storage_full: {
    http: 507,
    retry: "later",
    text: "There is no room for that: your files, or the server's disk, are full.",
  },
  sign_in_timeout: { http: 408, close: 4408, retry: "later", text: "Nobody signed in, in time." },
  slow_consumer: {
    http: 408,
    close: 4413,
    retry: "later",
    text: "The connection took nothing for too long. Come back and resume.",
  },
  draining: { http: 503, close: 1012, retry: "later", text: "The server is restarting." },
  too_many_bad_frames: {
    http: 400,
    close: 4500,
    retry: "never",
    text: "Too many frames in a row could not be understood.",
  },
  banned: { http: 403, close: 4503, retry: "never", text: "This account is disabled." },
  replaced: {
    http: 409,
    close: 4509,
    retry: "never",
    text: "The same device signed in on another connection.",
  },
  ended_by_operator: {
    http: 403,
    close: 4510,
    retry: "never",
    text: "An operator of this server ended the connection.",
  },
} as const;

/** The stable name of an error, for programs. */
export type ErrorCode = keyof typeof table;

/** The table. */
export const errors: Readonly<Record<ErrorCode, ErrorRow>> = table;

/** Facts beside an error: `limit`, `retry_after_ms`, `supported`, `epoch`, `field`, … */
export type ErrorDetails = Readonly<
  Record<string, string | number | boolean | readonly (string | number)[]>
>;

/** An error as it travels: in an `error` frame and as the body of a failed REST answer. */
export interface WireError {
  readonly code: ErrorCode;
  readonly retry: Retry;
  readonly text: string;
  readonly details?: ErrorDetails;
}

/** The row of a code. Unknown codes cannot be asked for; the compiler sees to it. */
export function errorRow(code: ErrorCode): ErrorRow {
  return errors[code];
}

/** How deep stacks are captured, where the engine lets one say so. */
const stacks = Error as ErrorConstructor & { stackTraceLimit?: number };

/**
 * An expected failure: a row of the table with details. Returned or thrown by commands; never logged as an
 * error, so it has no stack: one is made for each refused frame of a flood, and capturing stacks was a quarter of
 * what such a flood costs. Everything else that is thrown is a bug or an adapter's failure.
 */
export class ProtocolError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails | undefined;

  /** @param options `text`: what people are told instead of the row's sentence; the application's own words. */
  constructor(
    code: ErrorCode,
    details?: ErrorDetails,
    options?: ErrorOptions & { readonly text?: string | undefined },
  ) {
    const depth = stacks.stackTraceLimit;
    if (depth !== undefined) stacks.stackTraceLimit = 0;
    super(options?.text ?? errors[code].text, options);
    if (depth !== undefined) stacks.stackTraceLimit = depth;
    this.name = "ProtocolError";
    this.code = code;
    this.details = details;
  }

  /** The error as clients get it. */
  toWire(): WireError {
    const row = errors[this.code];
    const wire = { code: this.code, retry: row.retry, text: this.message };
    return this.details === undefined ? wire : { ...wire, details: this.details };
  }
}

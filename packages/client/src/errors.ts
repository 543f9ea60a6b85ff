import type { ErrorCode, ErrorDetails, Retry, WireError } from "@parlance/protocol";

/** What can fail on the client's side alone; everything else is a code of the server's table. */
export type LocalErrorCode =
  /** The line was down and did not come back in time, or broke before the answer. */
  | "offline"
  /** The server did not answer in time, though the line was up. */
  | "timeout"
  /** The client was closed, or the subscription ended, by the application. */
  | "closed"
  /** Too much waits to be sent already. */
  | "outbox_full"
  /** The server sent what the protocol does not allow. */
  | "protocol";

/** Anything that fails in the SDK. `code` is for programs, `message` for people. */
export class ClientError extends Error {
  /** A code of the server's error table, also one that this version has never seen, or a local one. */
  readonly code: ErrorCode | LocalErrorCode;
  /** What may be done about it. */
  readonly retry: Retry;
  readonly details: ErrorDetails | undefined;

  constructor(
    code: ErrorCode | LocalErrorCode,
    message: string,
    retry: Retry = "later",
    details?: ErrorDetails,
  ) {
    super(message);
    this.name = "ClientError";
    this.code = code;
    this.retry = retry;
    this.details = details;
  }

  /** Milliseconds that the server asks to wait before another attempt; 0 if it did not say. */
  get retryAfterMs(): number {
    const wish = this.details?.["retry_after_ms"];
    return typeof wish === "number" ? wish : 0;
  }
}

/** An error of the server as the SDK gives it on. */
export function fromWire(error: WireError): ClientError {
  return new ClientError(error.code, error.text, error.retry, error.details);
}

/** Meaning of close codes, as in the server's error table. */
export const closeCodes: Readonly<Record<number, ErrorCode>> = {
  1003: "unsupported",
  1009: "too_large",
  1011: "internal",
  1012: "draining",
  1013: "unavailable",
  4401: "unauthenticated",
  4408: "sign_in_timeout",
  4413: "slow_consumer",
  4429: "rate_limited",
  4500: "too_many_bad_frames",
  4501: "unsupported_version",
  4503: "banned",
  4509: "replaced",
  4510: "ended_by_operator",
};

/** Why a line ended, from its close frame. From 4500 to 4999 nobody may come back, known code or not. */
export function fromClose(code: number, reason: string): ClientError {
  const isFinal = code >= 4500 && code <= 4999;
  const name = closeCodes[code] ?? (isFinal ? "forbidden" : "offline");
  const text = reason === "" ? `The connection was closed (${code}).` : reason;
  const retry = isFinal ? "never" : code === 4401 ? "after_auth" : "later";
  return new ClientError(name, text, retry, { close_code: code });
}

/** The line broke or was never there. */
export function offline(text: string): ClientError {
  return new ClientError("offline", text);
}

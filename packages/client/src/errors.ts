import type { ErrorCode, ErrorDetails, Retry, WireError } from "@parlance/protocol";

/** What can fail on the client's side alone; everything else is a code of the server's table. */
export type LocalErrorCode =
  /** The line was down and did not come back in time. */
  | "offline"
  /** The server did not answer in time, though the line was up. */
  | "timeout"
  /** The client was closed, by the application or for good by the server. */
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
}

/** An error of the server as the SDK gives it on. */
export function fromWire(error: WireError): ClientError {
  return new ClientError(error.code, error.text, error.retry, error.details);
}

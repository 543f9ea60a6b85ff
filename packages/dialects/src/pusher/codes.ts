/** Why connections end and frames are refused, in Pusher's codes: 4000-4099 do not come back, 4100-4199 after a while, 4200-4299 at once. */
import { type ErrorCode, errorRow } from "@parlance/protocol";
import { errorFrame } from "./frame.ts";

/** A subscription, a sign-in or a message was not authorized (protocol 7, 4009). */
export const unauthorized = 4009;
/** A client event was refused (protocol 7, 4301). */
export const eventRefused = 4301;

const codes: Partial<Readonly<Record<ErrorCode, readonly [code: number, text?: string]>>> = {
  not_found: [4001, "Application does not exist"],
  unsupported_version: [4007, "Unsupported protocol version"],
  bad_request: [4008, "No protocol version supplied"],
  unauthenticated: [unauthorized],
  token_expired: [unauthorized],
  forbidden: [unauthorized],
  banned: [unauthorized],
  ended_by_operator: [unauthorized],
  too_many_bad_frames: [4099],
  replaced: [4099],
  rate_limited: [4100],
  unavailable: [4100],
  internal: [4100],
  draining: [4200],
  slow_consumer: [4200],
  sign_in_timeout: [4200],
};

function endingOf(error: ErrorCode): readonly [code: number, text: string] {
  const [code, text = errorRow(error).text] = codes[error] ?? [4099];
  return [code, text];
}

/** The close code of a connection that ends. */
export function closeCode(error: ErrorCode): number {
  return endingOf(error)[0];
}

/** What it is told before. */
export function farewell(error: ErrorCode): string {
  return errorFrame(...endingOf(error));
}

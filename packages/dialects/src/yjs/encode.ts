import type { Bytes, Dialect } from "@parlance/core";
import type { AwarenessState, ErrorCode } from "@parlance/protocol";
import { numberBytes, textBytes, withLength } from "./bytes.ts";
import { messages, permissionDenied, syncSteps } from "./messages.ts";

/** Updates and what others show of themselves; this dialect has no word for anything else that happens in a room. */
export const encodeEvent: Dialect["encodeEvent"] = (event) => {
  if (event.type === "document.awareness") return awarenessFrame(event.states);
  // Of one whose payload was erased the translator hears by itself.
  if (event.type !== "document.updated" || "erased" in event) return undefined;
  return syncFrame("update", event.data.update);
};

/** @param text Base64. */
export function syncFrame(step: keyof typeof syncSteps, text: string): Bytes {
  const head = Buffer.from([messages.sync, syncSteps[step]]);
  return Buffer.concat([head, withLength(Buffer.from(text, "base64"))]);
}

/** What clients show; null where one does not any more. */
export function awarenessFrame(
  states: readonly Pick<AwarenessState, "client" | "clock" | "state">[],
): Bytes {
  const parts: Uint8Array[] = [Buffer.from(numberBytes(states.length))];
  for (const { client, clock, state } of states) {
    parts.push(Buffer.from([...numberBytes(client), ...numberBytes(clock)]));
    parts.push(textBytes(JSON.stringify(state)));
  }
  return Buffer.concat([Buffer.from([messages.awareness]), withLength(Buffer.concat(parts))]);
}

/** The client may not write; it goes on reading. */
export function deniedFrame(reason: string): Bytes {
  return Buffer.concat([Buffer.from([messages.auth, permissionDenied]), textBytes(reason)]);
}

/**
 * The provider stops for good at 4400-4499 and comes back after every other code, which is not what those mean elsewhere here.
 * Where coming back would be of no use the code is 4000 and the HTTP status, else it is 4500 and more.
 */
const closeCodes: { readonly [C in ErrorCode]?: number } = {
  bad_request: 4400,
  too_many_bad_frames: 4400,
  unsupported_version: 4400,
  unauthenticated: 4401,
  token_expired: 4401,
  forbidden: 4403,
  banned: 4403,
  ended_by_operator: 4403,
  not_found: 4404,
  conflict: 4409,
  replaced: 4409,
  too_large: 4413,
  sign_in_timeout: 4508,
  slow_consumer: 4513,
  rate_limited: 4529,
  storage_full: 4507,
};

export function closeCode(code: ErrorCode): number | undefined {
  return closeCodes[code];
}

/** Whether coming back is of no use. */
export function isFinal(code: ErrorCode): boolean {
  const own = closeCodes[code];
  return own !== undefined && own >= 4400 && own < 4500;
}

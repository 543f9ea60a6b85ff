/** Ids that this client makes. */
import type { ClientMessageId } from "@parlance/client";

/** 128 random bits in hexadecimal. Needs no secure context, unlike `randomUUID`. */
export function newId(): ClientMessageId {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  ) as ClientMessageId;
}

/** Idempotency keys that doors make. */
import { createHash, randomUUID } from "node:crypto";
import { type ClientMessageId, fields } from "@parlance/protocol";

/** For what has no identity: it can come only once. */
export function randomKey(): ClientMessageId {
  return randomUUID() as ClientMessageId;
}

/** 16 characters that stand for where something comes from, whatever its names consist of. */
export function placeKey(...names: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(names)).digest("base64url").slice(0, 16);
}

/** The sender's own id of a message, or what stands for one that is too long or has characters that no key has. */
export function keyOfId(id: string): ClientMessageId {
  const key = fields.clientMessageId.safeParse(id);
  if (key.success) return key.data;
  return createHash("sha256").update(id).digest("base64url") as ClientMessageId;
}

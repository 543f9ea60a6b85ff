/**
 * The proof chain over a room's log: what each envelope commits to and the running hash over all envelopes.
 * Every engine computes it with these functions, so that a room can be moved between engines. A door of its own (`@parlance/core/chain`):
 * storage threads load this and nothing else.
 */
import type { Json } from "@parlance/protocol/canonical";
import { canonicalize } from "@parlance/protocol/canonical";

/**
 * SHA-256 of `prefix` followed by the UTF-8 of `text`, 32 bytes. Given from outside, because this package
 * runs everywhere and platforms have different ones.
 */
export type Sha256 = (prefix: Uint8Array, text: string) => Uint8Array;

/** What the running hash covers besides the commitment; fields as on the wire. */
export interface ChainEnvelope {
  readonly room: string;
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly author: string;
  /** ISO 8601 as in the frame. */
  readonly time: string;
  readonly client_message_id?: string | undefined;
}

export interface Chain {
  /**
   * What the envelope says of its payload: SHA-256(nonce ‖ canonical payload).
   *
   * @param nonce 16 random bytes, used once.
   * @param canonical The payload as `canonicalize` writes it.
   */
  commitment(nonce: Uint8Array, canonical: string): Uint8Array;
  /** The running hash after an envelope, from the one before it. */
  next(before: Uint8Array, envelope: ChainEnvelope, commitment: Uint8Array): Uint8Array;
}

/** Bytes of a nonce. */
export const nonceBytes = 16;

/** The running hash before the first event: 32 zero bytes. */
export function chainStart(): Uint8Array {
  return new Uint8Array(32);
}

/** The chain's two steps over a given SHA-256. */
export function createChain(sha256: Sha256): Chain {
  return {
    commitment: sha256,
    next: (before, envelope, commitment) => sha256(before, canonicalEnvelope(envelope, commitment)),
  };
}

/**
 * The envelope as the running hash takes it. Equal to `canonicalize` of the same members, written out
 * because it runs once for every event.
 */
export function canonicalEnvelope(envelope: ChainEnvelope, commitment: Uint8Array): string {
  const key = envelope.client_message_id;
  const keyMember = key === undefined ? "" : `"client_message_id":${JSON.stringify(key)},`;
  return (
    `{"author":${JSON.stringify(envelope.author)},${keyMember}"commitment":"${toHex(commitment)}",` +
    `"id":${JSON.stringify(envelope.id)},"room":${JSON.stringify(envelope.room)},` +
    `"sequence":${envelope.sequence},"time":"${envelope.time}","type":"${envelope.type}"}`
  );
}

/** The payload's canonical text, as it is stored and committed to. */
export function canonicalPayload(data: object): string {
  return canonicalize(data as Json);
}

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += (byte < 16 ? "0" : "") + byte.toString(16);
  return hex;
}

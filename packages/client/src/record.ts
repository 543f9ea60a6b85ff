import type { EventFrame, Sequence } from "@parlance/protocol";
import { canonicalize } from "./canonical.ts";
import { hashAfter } from "./sha256.ts";

/** Events whose digests are kept for each room, the newest. About 100 bytes each. */
export const maxRecorded = 10_000;

const nothing = new Uint8Array();

/** 32 bytes as 32 characters: the smallest thing that a Map can hold. */
function digest(text: string): string {
  return String.fromCharCode(...hashAfter(nothing, text));
}

/** The members of an event that the running hash covers, without the commitment. */
export function envelopeOf(event: EventFrame): Record<string, unknown> {
  const { type, room, sequence, id, author, time, client_message_id } = event;
  return { type, room, sequence, id, author, time, client_message_id };
}

interface Digests {
  readonly envelope: string;
  /** Undefined where the payload was erased. */
  readonly data: string | undefined;
}

function digestsOf(event: EventFrame): Digests {
  return {
    envelope: digest(canonicalize(envelopeOf(event))),
    data: "data" in event ? digest(canonicalize(event.data)) : undefined,
  };
}

/** What was delivered live, as digests, so that the server's later word can be held against it. */
export class DeliveryRecord {
  readonly #digests = new Map<Sequence, Digests>();

  add(event: EventFrame): void {
    this.#digests.set(event.sequence, digestsOf(event));
    if (this.#digests.size <= maxRecorded) return;
    for (const oldest of this.#digests.keys()) {
      this.#digests.delete(oldest);
      break;
    }
  }

  clear(): void {
    this.#digests.clear();
  }

  /** False if another event was delivered in this one's place. An erased payload contradicts nothing. */
  agrees(event: EventFrame): boolean {
    const delivered = this.#digests.get(event.sequence);
    if (delivered === undefined) return true;
    const now = digestsOf(event);
    const isErased = now.data === undefined || delivered.data === undefined;
    return delivered.envelope === now.envelope && (isErased || delivered.data === now.data);
  }
}

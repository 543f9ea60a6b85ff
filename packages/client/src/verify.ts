/** Proof that a range of a room's log is complete and unchanged. */
import type {
  Epoch,
  EventFrame,
  Position,
  ProofResult,
  RoomId,
  Sequence,
} from "@parlance/protocol";
import { canonicalize } from "./canonical.ts";
import type { Link } from "./link.ts";
import { type DeliveryRecord, envelopeOf } from "./record.ts";
import { fromHex, hashAfter, toHex } from "./sha256.ts";
import type { Verification, VerificationFailure } from "./types.ts";

/** Events checked with one question; a server gives at most so many in one page. */
const pageEvents = 200;
/** The running hash before the first event. */
const firstHash = "0".repeat(64);

export interface VerifySubject {
  readonly link: Link;
  readonly room: RoomId;
  readonly record: DeliveryRecord;
  /** The last event that was delivered live. */
  readonly position: Position | undefined;
}

type Failure = { readonly reason: VerificationFailure; readonly sequence: Sequence };

const failed = (reason: VerificationFailure, sequence: Sequence): Verification & Failure => ({
  complete: false,
  reason,
  sequence,
});

/** Checks `from..to`; see `Room.verify`. */
export async function verify(
  subject: VerifySubject,
  range: { readonly from?: Sequence; readonly to?: Sequence } = {},
): Promise<Verification> {
  const { link, room, position } = subject;
  const { epoch, floor, head } = await link.request<"history">({ type: "history", room, limit: 1 });
  if (position !== undefined && position.epoch !== epoch) {
    return failed("other_epoch", position.offset);
  }
  const from = range.from ?? floor + 1;
  const to = range.to ?? Math.max(head, position?.offset ?? 0);
  if (from <= floor) return failed("missing", from);
  let before = from === 1 ? firstHash : undefined;
  for (let first = from; first <= to; first += pageEvents) {
    const last = Math.min(to, first + pageEvents - 1);
    if (last > head) return failed("missing", Math.max(first, head + 1));
    let result = await verifyPage(subject, epoch, first, last, before);
    // Once more: a payload may have been erased between the two questions.
    if (typeof result !== "string") result = await verifyPage(subject, epoch, first, last, before);
    if (typeof result !== "string") return failed(result.reason, result.sequence);
    before = result;
  }
  return { complete: true, epoch, from, to };
}

/** The running hash after the page, or what is wrong with it. */
async function verifyPage(
  { link, room, record }: VerifySubject,
  epoch: Epoch,
  from: Sequence,
  to: Sequence,
  before: string | undefined,
): Promise<string | Failure> {
  const [page, proof] = await Promise.all([
    link.request<"history">({ type: "history", room, after: from - 1, limit: to - from + 1 }),
    link.request<"proof">({ type: "proof", room, from, to }),
  ]);
  if (page.epoch !== epoch || proof.epoch !== epoch) {
    return { reason: "other_epoch", sequence: from };
  }
  for (let sequence = from; sequence <= to; sequence += 1) {
    const event = page.events[sequence - from];
    if (event?.sequence !== sequence) return { reason: "missing", sequence };
    if (!record.agrees(event)) return { reason: "differs_from_delivered", sequence };
  }
  if (before !== undefined && proof.hash_before !== before) {
    return { reason: "hash_mismatch", sequence: from };
  }
  const after = runningHash(page.events, proof);
  return after === proof.hash_after ? after : { reason: "hash_mismatch", sequence: to };
}

/** The hash that the events and their nonces give; empty where a payload comes without its nonce. */
function runningHash(events: readonly EventFrame[], proof: ProofResult): string {
  let hash = fromHex(proof.hash_before);
  for (const [index, opening] of proof.commitments.entries()) {
    const event = events[index];
    if (event === undefined) return "";
    let commitment: string;
    if ("data" in event) {
      // With a bare commitment any payload would pass.
      if (!("nonce" in opening)) return "";
      commitment = toHex(hashAfter(fromHex(opening.nonce), canonicalize(event.data)));
    } else {
      if (!("commitment" in opening)) return "";
      commitment = opening.commitment;
    }
    hash = hashAfter(hash, canonicalize({ ...envelopeOf(event), commitment }));
  }
  return proof.commitments.length === events.length ? toHex(hash) : "";
}

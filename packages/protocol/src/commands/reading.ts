/** Commands of readers: live subscriptions, history, proof. */
import { z } from "zod";
import type { WireError } from "../errors.ts";
import type { EventFrame } from "../events/durable.ts";
import { commandId, epoch, pageLimit, roomId, sequence } from "../fields.ts";
import type { Epoch, Position, RoomId, Sequence } from "../ids.ts";
import { limits } from "../limits.ts";
import type { PresentUser } from "../profiles.ts";
import type { Role, RoomKind } from "../room-kind.ts";
import type { CommandId } from "./command-id.ts";

/**
 * Starts live delivery of one room on this connection. Idempotent: a second `subscribe` to a room that is
 * subscribed already answers with its place and changes nothing.
 */
export interface Subscribe {
  readonly type: "subscribe";
  readonly id: CommandId;
  readonly room: RoomId;
  /** Go on after this place. Excludes `last`. */
  readonly position?: Position;
  /** Begin with the last so many events, 0-200; fewer if the log is shorter. Absent with no position: 0. */
  readonly last?: number;
  /** Also send `presence` events of this room. */
  readonly presence?: boolean;
  /** Also answer who is there now. */
  readonly with_present?: true;
}

/** What a subscriber learns of a room: its place and its standing. */
export interface Subscribed {
  readonly room: RoomId;
  readonly epoch: Epoch;
  /** The next event delivered is `offset + 1`. */
  readonly offset: Sequence;
  readonly head: Sequence;
  /** The last sequence that retention removed; 0 if none. */
  readonly floor: Sequence;
  readonly kind: RoomKind;
  readonly title: string;
  /** The reader's role; absent for those who read without being members. */
  readonly role?: Role;
  /**
   * Asked for by `with_present`: who is there as subscribers were told, and the caller. The `presence` events that follow
   * count from it. At most 1,000.
   */
  readonly present?: readonly PresentUser[];
}

/** `subscribe` with a position, for many rooms in one frame. Answered per room, in the same order. */
export interface Resume {
  readonly type: "resume";
  readonly id: CommandId;
  readonly rooms: readonly ResumeRoom[];
}
export interface ResumeRoom {
  readonly room: RoomId;
  readonly position: Position;
  readonly presence?: boolean;
}
export interface Resumed {
  readonly rooms: readonly (Subscribed | { readonly room: RoomId; readonly error: WireError })[];
}

/** Ends live delivery. Answered also if there was none. */
export interface Unsubscribe {
  readonly type: "unsubscribe";
  readonly id: CommandId;
  readonly room: RoomId;
}

/** A page of the log, oldest first. At most one of `before` and `after`; neither means the newest page. */
export interface History {
  readonly type: "history";
  readonly id: CommandId;
  readonly room: RoomId;
  /** Events with a smaller sequence, the nearest ones. */
  readonly before?: Sequence;
  /** Events with a larger sequence, the nearest ones. */
  readonly after?: Sequence;
  /** 1-200, 50 if absent. */
  readonly limit?: number;
}
export interface HistoryPage {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly floor: Sequence;
  readonly head: Sequence;
  /** Without holes, ascending. */
  readonly events: readonly EventFrame[];
}

/** Asks for what proves `from..to` (at most 1,000 events): nonces, and the running hash at both ends. */
export interface Proof {
  readonly type: "proof";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly from: Sequence;
  readonly to: Sequence;
}
/** Hashes and nonces in lower-case hexadecimal; how to recompute them is in `docs/protocol/native.md`. */
export interface ProofResult {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly from: Sequence;
  readonly to: Sequence;
  /** Running hash over all events up to `from - 1`; 64 zeros before the first event. */
  readonly hash_before: string;
  /** Running hash up to `to`. */
  readonly hash_after: string;
  /** One for each event in order. An erased payload has no nonce, so its commitment is given instead. */
  readonly commitments: readonly ({ readonly nonce: string } | { readonly commitment: string })[];
}

export const subscribe: z.ZodType<Subscribe> = z
  .object({
    type: z.literal("subscribe"),
    id: commandId,
    room: roomId,
    position: z.object({ epoch, offset: sequence }).exactOptional(),
    last: z.number().int().min(0).max(limits.pageEvents).exactOptional(),
    presence: z.boolean().exactOptional(),
    with_present: z.literal(true).exactOptional(),
  })
  .refine((frame) => frame.position === undefined || frame.last === undefined, {
    message: "not both position and last",
    path: ["last"],
  });

export const resume: z.ZodType<Resume> = z.object({
  type: z.literal("resume"),
  id: commandId,
  rooms: z
    .array(
      z.object({
        room: roomId,
        position: z.object({ epoch, offset: sequence }),
        presence: z.boolean().exactOptional(),
      }),
    )
    .min(1)
    .max(limits.resumeRooms),
});

export const unsubscribe: z.ZodType<Unsubscribe> = z.object({
  type: z.literal("unsubscribe"),
  id: commandId,
  room: roomId,
});

export const history: z.ZodType<History> = z
  .object({
    type: z.literal("history"),
    id: commandId,
    room: roomId,
    before: sequence.exactOptional(),
    after: sequence.exactOptional(),
    limit: pageLimit.exactOptional(),
  })
  .refine((frame) => frame.before === undefined || frame.after === undefined, {
    message: "not both before and after",
    path: ["after"],
  });

export const proof: z.ZodType<Proof> = z
  .object({
    type: z.literal("proof"),
    id: commandId,
    room: roomId,
    from: sequence,
    to: sequence,
  })
  .refine(
    (frame) =>
      frame.from >= 1 && frame.to >= frame.from && frame.to - frame.from < limits.proofEvents,
    { message: `1 <= from <= to, at most ${limits.proofEvents} events`, path: ["to"] },
  );

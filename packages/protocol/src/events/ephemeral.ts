/** Ephemeral events: signals that are not in any log and may be lost, and notices about a connection. */
import { z } from "zod";
import type { Json } from "../canonical.ts";
import type { ErrorCode } from "../errors.ts";
import { callId, cursorPosition, epoch, roomId, sequence, userId } from "../fields.ts";
import type { CallId, Epoch, EventId, RoomId, Sequence, UserId } from "../ids.ts";
import { type PresentUser, presentUser } from "../profiles.ts";
import { type AwarenessEvent, awarenessEventSchema } from "./awareness.ts";
import { eventId } from "./frame-schemas.ts";
import { type OwnEvent, ownChange } from "./own.ts";

/**
 * Somebody writes or stopped. Class *droppable*. Forget it after `typingExpiryMs` without another. Who goes on in another place is told to have
 * stopped in the one before.
 */
export interface TypingEvent {
  readonly type: "typing";
  readonly room: RoomId;
  /** Root of the thread that they write in; absent: in the room itself. */
  readonly thread?: EventId;
  readonly user: UserId;
  /** For systems whose users are numbers. */
  readonly number?: number;
  readonly name: string;
  readonly active: boolean;
}
/** Milliseconds after which a reader forgets a `typing` that was not repeated. */
export const typingExpiryMs = 6_000;

/** Who came and who went since the last one, at most a few times a second. Class *latest-wins*. */
export interface PresenceEvent {
  readonly type: "presence";
  readonly room: RoomId;
  readonly online: readonly PresentUser[];
  readonly offline: readonly UserId[];
  /** Those who were here before and are seen otherwise now: another state, status, name or picture. */
  readonly changed?: readonly PresentUser[];
  /** How many are here now. */
  readonly count: number;
  /** Present and true when too many came and went to name them all: `online`, `offline` and `changed` are empty, and the
   * command `presence` tells who is here. */
  readonly omitted?: boolean;
}

/** A member's public read mark grew. Class *latest-wins*. Sent in `private` and `direct` rooms. */
export interface ReadEvent {
  readonly type: "read";
  readonly room: RoomId;
  readonly user: UserId;
  /** For systems whose users are numbers. */
  readonly number?: number;
  readonly read_mark: Sequence;
  /** The last message up to the mark, where one is near. */
  readonly message_id?: EventId;
}

/** Where somebody's cursor is in what they edit together. Class *latest-wins*. */
export interface CursorEvent {
  readonly type: "cursor";
  readonly room: RoomId;
  readonly user: UserId;
  /** For systems whose users are numbers. */
  readonly number?: number;
  readonly name: string;
  readonly position: Json;
}

/** What two ends of a call tell each other to connect: an offer, an answer, a candidate. Opaque to the server. */
export type CallSignal = { readonly [key: string]: Json };

/** A call signal of another participant; only the connections of the one it is meant for get it. Class *droppable*. */
export interface CallSignalEvent {
  readonly type: "call.signal";
  readonly room: RoomId;
  readonly call_id: CallId;
  readonly from: UserId;
  readonly signal: CallSignal;
}

/**
 * An open message grew: `text` comes at `at`, in UTF-16 code units. Class *droppable*. With an empty text it says that everything
 * before `at` is stored: whoever lacks some of that asks for it (`get_text`).
 */
export interface MessageAppendedEvent {
  readonly type: "message.appended";
  readonly room: RoomId;
  readonly message_id: EventId;
  readonly at: number;
  readonly text: string;
}

/**
 * What a page told the room's others and nobody keeps, in the application's own words. All connections get it but the one that
 * said it. Class *droppable*.
 */
export interface WhisperEvent {
  readonly type: "whisper";
  readonly room: RoomId;
  /** At most 200 UTF-16 code units. */
  readonly name: string;
  /** Any text, mostly JSON, of at most 10 KiB. */
  readonly data: string;
  /** Absent where nobody has shown who it is. */
  readonly user?: UserId;
}

/** The server ended a subscription: the right to read is gone. Nothing of the room follows. */
export interface UnsubscribedEvent {
  readonly type: "unsubscribed";
  readonly room: RoomId;
  readonly code: ErrorCode;
}

/** The room's log began a new life; what was delivered no longer counts. Subscribe anew. */
export interface ResetEvent {
  readonly type: "reset";
  readonly room: RoomId;
  readonly epoch: Epoch;
}

/** The server is going away. Come back after the delay; the socket closes with 1012. */
export interface GoodbyeEvent {
  readonly type: "goodbye";
  readonly reconnect_after_ms: number;
}

export type EphemeralEvent =
  | TypingEvent
  | PresenceEvent
  | ReadEvent
  | CursorEvent
  | AwarenessEvent
  | CallSignalEvent
  | MessageAppendedEvent
  | WhisperEvent;
export type NoticeEvent = UnsubscribedEvent | ResetEvent | GoodbyeEvent;
/** Everything that is in no log. */
export type ServerSignal = EphemeralEvent | NoticeEvent | OwnEvent;

/** Schemas of the ephemeral events and notices, for documents and tests. */
export const ephemeralSchemas: Readonly<Record<ServerSignal["type"], z.ZodType>> = {
  typing: z.object({
    type: z.literal("typing"),
    room: roomId,
    thread: eventId.exactOptional(),
    user: userId,
    number: z.int().min(0).exactOptional(),
    name: z.string(),
    active: z.boolean(),
  }),
  presence: z.object({
    type: z.literal("presence"),
    room: roomId,
    online: z.array(presentUser),
    offline: z.array(userId),
    changed: z.array(presentUser).exactOptional(),
    count: z.number(),
    omitted: z.boolean().exactOptional(),
  }),
  read: z.object({
    type: z.literal("read"),
    room: roomId,
    user: userId,
    number: z.int().min(0).exactOptional(),
    read_mark: sequence,
    message_id: z.string().exactOptional(),
  }),
  cursor: z.object({
    type: z.literal("cursor"),
    room: roomId,
    user: userId,
    number: z.int().min(0).exactOptional(),
    name: z.string(),
    position: cursorPosition,
  }),
  "document.awareness": awarenessEventSchema,
  "call.signal": z.object({
    type: z.literal("call.signal"),
    room: roomId,
    call_id: callId,
    from: userId,
    signal: z.record(z.string(), z.unknown()),
  }),
  "message.appended": z.object({
    type: z.literal("message.appended"),
    room: roomId,
    message_id: z.string(),
    at: z.int().min(0),
    text: z.string(),
  }),
  whisper: z.object({
    type: z.literal("whisper"),
    room: roomId,
    name: z.string(),
    data: z.string(),
    user: userId.exactOptional(),
  }),
  own: z.object({ type: z.literal("own"), change: ownChange }),
  unsubscribed: z.object({ type: z.literal("unsubscribed"), room: roomId, code: z.string() }),
  reset: z.object({ type: z.literal("reset"), room: roomId, epoch }),
  goodbye: z.object({ type: z.literal("goodbye"), reconnect_after_ms: z.number() }),
};

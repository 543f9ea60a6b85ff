/** Durable events: what is in a room's log, as it travels. */
import { z } from "zod";
import { type Mentions, mentions } from "../commands/mentions.ts";
import type { ClosedReason } from "../commands/messages.ts";
import { type Poll, poll } from "../commands/polls.ts";
import { clientMessageId, inviteId, messageData, roomId, sequence, userId } from "../fields.ts";
import type { ClientMessageId, EventId, InviteId, RoomId, Sequence, UserId } from "../ids.ts";
import type { JsonObject } from "../json-value.ts";
import type { Role } from "../room-kind.ts";
import { roles } from "../room-kind.ts";
import { type CallPayloads, callPayloadSchemas } from "./calls.ts";
import { type DocumentPayloads, documentPayloadSchemas } from "./documents.ts";
import { type FilePayloads, filePayloadSchemas } from "./files.ts";
import { type PollPayloads, pollPayloadSchemas } from "./polls.ts";
import { type RoomPayloads, roomPayloadSchemas } from "./rooms.ts";

/** Payloads by type. Names of people are in the payload, not in the envelope, so that they can be erased. */
export interface DurablePayloads
  extends CallPayloads,
    DocumentPayloads,
    FilePayloads,
    PollPayloads,
    RoomPayloads {
  "message.created": {
    readonly text: string;
    readonly author_name: string;
    /** For systems whose users are numbers. */
    readonly author_number?: number;
    /** What the application put beside the text. */
    readonly data?: JsonObject;
    /** The name is the writer's own word. */
    readonly unverified?: true;
    /** With `unverified`: an account is called so, and it was not this account that wrote. */
    readonly name_of_account?: true;
    /** The back end that published it in the author's name: `service:<name>`. */
    readonly published_by?: string;
    /** It grows from here: `text` is what it began with. */
    readonly open?: true;
    /** It is in the thread under this message: not in the room's main line, and not counted there. */
    readonly thread?: EventId;
    /** The message of this room that it answers. Its text is not repeated here, so that it can be erased. */
    readonly reply_to?: EventId;
    /** It says what this message said, of whatever room. The id tells nothing to those who may not read it there. */
    readonly forwarded?: EventId;
    /** It asks this. */
    readonly poll?: Poll;
    /** Whom it mentions, as the server decided. */
    readonly mentions?: Mentions;
  };
  /**
   * A message that grew is whole. The event is by the message's author and says all of it, so that whoever did not follow it needs
   * nothing else.
   */
  "message.closed": {
    readonly message_id: EventId;
    /** The whole text, at most 262,144 UTF-16 code units. */
    readonly text: string;
    readonly reason: ClosedReason;
    /** Who ended it; absent where nobody did. */
    readonly by?: UserId;
    readonly author_name: string;
    readonly author_number?: number;
    /** What was put beside the text when it was opened. */
    readonly data?: JsonObject;
    /** Place of the message, in rooms whose members read what was written since they joined. */
    readonly message_sequence?: Sequence;
  };
  "member.joined": {
    readonly user: UserId;
    readonly name: string;
    readonly role: Role;
    /** The link that they came by. */
    readonly invite_id?: InviteId;
  };
  "member.left": {
    readonly user: UserId;
    readonly name: string;
    readonly reason: "left" | "removed";
  };
  /** The author replaced text and data of a message. */
  "message.edited": {
    readonly message_id: EventId;
    readonly text: string;
    readonly data?: JsonObject;
    readonly editor_name: string;
    /** Whom the message mentions from now on. */
    readonly mentions?: Mentions;
    /** As of `message.closed`. */
    readonly message_sequence?: Sequence;
  };
  /** A message and all its versions were erased. */
  "message.deleted": {
    readonly message_id: EventId;
    readonly by: UserId;
    /** Of a message that was in a thread: for those who meet it erased. */
    readonly thread?: EventId;
  };
  "reaction.added": {
    readonly message_id: EventId;
    readonly emoji: string;
    readonly user_name: string;
  };
  "reaction.removed": { readonly message_id: EventId; readonly emoji: string };
  /** Somebody pinned a message to its room, for all who read it. */
  "message.pinned": { readonly message_id: EventId; readonly by_name: string };
  "message.unpinned": { readonly message_id: EventId };
  /** One change of a shared document; `changes` is a JSON text of the application's own. */
  "document.edited": { readonly changes: string; readonly author_number?: number };
}
export type DurableType = keyof DurablePayloads;

/**
 * One durable event. A client that does not know the `type` still counts the `sequence` and goes on: every
 * frame with `room` and `sequence` at its top is a durable event.
 */
export interface DurableEvent<T extends DurableType = DurableType> {
  readonly type: T;
  readonly room: RoomId;
  readonly sequence: Sequence;
  readonly id: EventId;
  readonly author: UserId;
  /** ISO 8601 with milliseconds, UTC. */
  readonly time: string;
  /** Present where the writer gave one. */
  readonly client_message_id?: ClientMessageId;
  readonly data: DurablePayloads[T];
}

/** A durable event whose payload was erased: the envelope stays, the place too. */
export interface ErasedEvent {
  readonly type: DurableType;
  readonly room: RoomId;
  readonly sequence: Sequence;
  readonly id: EventId;
  readonly author: UserId;
  readonly time: string;
  readonly client_message_id?: ClientMessageId;
  readonly erased: true;
}

/** Any durable event with its type and payload tied together. */
export type AnyDurableEvent = { [T in DurableType]: DurableEvent<T> }[DurableType];
/** A durable event as readers get it, live or in a page. */
export type EventFrame = AnyDurableEvent | ErasedEvent;

const number = z.int().min(0);
const messageId = z.string() as unknown as z.ZodType<EventId>;
/** How a message that grew ended. */
export const closedReason: z.ZodType<ClosedReason> = z.enum(["done", "cancelled", "abandoned"]);

const payloads = {
  "message.created": z.object({
    text: z.string(),
    author_name: z.string(),
    author_number: number.exactOptional(),
    data: messageData.exactOptional(),
    unverified: z.literal(true).exactOptional(),
    name_of_account: z.literal(true).exactOptional(),
    published_by: z.string().exactOptional(),
    open: z.literal(true).exactOptional(),
    thread: messageId.exactOptional(),
    reply_to: messageId.exactOptional(),
    forwarded: messageId.exactOptional(),
    poll: poll.exactOptional(),
    mentions: mentions.exactOptional(),
  }),
  "message.closed": z.object({
    message_id: messageId,
    text: z.string(),
    reason: closedReason,
    by: userId.exactOptional(),
    author_name: z.string(),
    author_number: number.exactOptional(),
    data: messageData.exactOptional(),
    message_sequence: sequence.exactOptional(),
  }),
  "member.joined": z.object({
    user: userId,
    name: z.string(),
    role: z.enum(roles),
    invite_id: inviteId.exactOptional(),
  }),
  "member.left": z.object({ user: userId, name: z.string(), reason: z.enum(["left", "removed"]) }),
  "message.edited": z.object({
    message_id: messageId,
    text: z.string(),
    data: messageData.exactOptional(),
    editor_name: z.string(),
    mentions: mentions.exactOptional(),
    message_sequence: sequence.exactOptional(),
  }),
  "message.deleted": z.object({
    message_id: messageId,
    by: userId,
    thread: messageId.exactOptional(),
  }),
  "reaction.added": z.object({ message_id: messageId, emoji: z.string(), user_name: z.string() }),
  "reaction.removed": z.object({ message_id: messageId, emoji: z.string() }),
  "message.pinned": z.object({ message_id: messageId, by_name: z.string() }),
  "message.unpinned": z.object({ message_id: messageId }),
  "document.edited": z.object({ changes: z.string(), author_number: number.exactOptional() }),
  ...callPayloadSchemas,
  ...documentPayloadSchemas,
  ...filePayloadSchemas,
  ...pollPayloadSchemas,
  ...roomPayloadSchemas,
} as const;

/** All types, for schemas and tables. */
export const durableTypes: readonly DurableType[] = Object.keys(payloads) as DurableType[];

/** Schemas of the payloads, for documents and tests; the server does not re-validate what it wrote. */
export const durablePayloadSchemas: { readonly [T in DurableType]: z.ZodType<DurablePayloads[T]> } =
  payloads;

/** Schema of the envelope, without payload. */
export const envelopeSchema: z.ZodType = z.object({
  type: z.enum(durableTypes),
  room: roomId,
  sequence,
  id: z.string(),
  author: userId,
  time: z.string(),
  client_message_id: clientMessageId.exactOptional(),
});

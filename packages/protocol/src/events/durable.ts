/** Durable events: what is in a room's log, as it travels. */
import { z } from "zod";
import { clientMessageId, roomId, sequence, userId } from "../fields.ts";
import type { ClientMessageId, EventId, RoomId, Sequence, UserId } from "../ids.ts";
import type { Role } from "../room-kind.ts";
import { roles } from "../room-kind.ts";
import { type CallPayloads, callPayloadSchemas } from "./calls.ts";
import { type FilePayloads, filePayloadSchemas } from "./files.ts";

/** Payloads by type. Names of people are in the payload, not in the envelope, so that they can be erased. */
export interface DurablePayloads extends CallPayloads, FilePayloads {
  "message.created": { readonly text: string; readonly author_name: string };
  "member.joined": { readonly user: UserId; readonly name: string; readonly role: Role };
  "member.left": {
    readonly user: UserId;
    readonly name: string;
    readonly reason: "left" | "removed";
  };
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

const payloads = {
  "message.created": z.object({ text: z.string(), author_name: z.string() }),
  "member.joined": z.object({ user: userId, name: z.string(), role: z.enum(roles) }),
  "member.left": z.object({ user: userId, name: z.string(), reason: z.enum(["left", "removed"]) }),
  ...callPayloadSchemas,
  ...filePayloadSchemas,
} as const;

/** Every durable type of this version. */
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

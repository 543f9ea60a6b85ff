/** Schemas of whole durable events as they travel. For documents and tests; the server trusts its own log. */
import { z } from "zod";
import { clientMessageId, roomId, sequence, userId } from "../fields.ts";
import type { EventId } from "../ids.ts";
import type {
  AnyDurableEvent,
  DurableEvent,
  DurableType,
  ErasedEvent,
  EventFrame,
} from "./durable.ts";
import { durablePayloadSchemas, durableTypes } from "./durable.ts";

/** A durable event's id, which is also a message's id. Opaque to clients. */
export const eventId: z.ZodType<EventId> = z.string() as unknown as z.ZodType<EventId>;

const envelope = {
  room: roomId,
  sequence,
  id: eventId,
  author: userId,
  time: z.iso.datetime(),
  client_message_id: clientMessageId.exactOptional(),
};

const withPayload = <T extends DurableType>(type: T): z.ZodType<DurableEvent<T>> =>
  z.object({
    type: z.literal(type),
    ...envelope,
    data: durablePayloadSchemas[type],
  }) as unknown as z.ZodType<DurableEvent<T>>;

/** Each durable event with its payload in place. */
export const durableEventSchemas: { readonly [T in DurableType]: z.ZodType<DurableEvent<T>> } = {
  "message.created": withPayload("message.created"),
  "message.closed": withPayload("message.closed"),
  "member.joined": withPayload("member.joined"),
  "member.left": withPayload("member.left"),
  "message.edited": withPayload("message.edited"),
  "message.deleted": withPayload("message.deleted"),
  "reaction.added": withPayload("reaction.added"),
  "reaction.removed": withPayload("reaction.removed"),
  "message.pinned": withPayload("message.pinned"),
  "message.unpinned": withPayload("message.unpinned"),
  "poll.voted": withPayload("poll.voted"),
  "poll.closed": withPayload("poll.closed"),
  "document.edited": withPayload("document.edited"),
  "document.updated": withPayload("document.updated"),
  "document.named": withPayload("document.named"),
  "call.started": withPayload("call.started"),
  "call.answered": withPayload("call.answered"),
  "call.left": withPayload("call.left"),
  "call.ended": withPayload("call.ended"),
  "file.shared": withPayload("file.shared"),
  "file.deleted": withPayload("file.deleted"),
  "room.updated": withPayload("room.updated"),
  "member.role_changed": withPayload("member.role_changed"),
  "member.banned": withPayload("member.banned"),
  "member.unbanned": withPayload("member.unbanned"),
  "invite.created": withPayload("invite.created"),
  "invite.revoked": withPayload("invite.revoked"),
  "join.requested": withPayload("join.requested"),
  "join.refused": withPayload("join.refused"),
};

/** A durable event whose payload is gone. */
export const erasedEventSchema: z.ZodType<ErasedEvent> = z.object({
  type: z.enum(durableTypes),
  ...envelope,
  erased: z.literal(true),
});

/** Any durable event as readers get it. */
export const eventFrameSchema: z.ZodType<EventFrame> = z.union([
  ...Object.values<z.ZodType<AnyDurableEvent>>(durableEventSchemas),
  erasedEventSchema,
]);

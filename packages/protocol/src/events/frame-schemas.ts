/** Schemas of whole durable events as they travel. For documents and tests; the server trusts its own log. */
import { z } from "zod";
import { clientMessageId, roomId, sequence, userId } from "../fields.ts";
import type { EventId } from "../ids.ts";
import type { DurableEvent, DurableType, ErasedEvent, EventFrame } from "./durable.ts";
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

/** Each durable event with its payload in place. */
export const durableEventSchemas: { readonly [T in DurableType]: z.ZodType<DurableEvent<T>> } = {
  "message.created": z.object({
    type: z.literal("message.created"),
    ...envelope,
    data: durablePayloadSchemas["message.created"],
  }),
  "member.joined": z.object({
    type: z.literal("member.joined"),
    ...envelope,
    data: durablePayloadSchemas["member.joined"],
  }),
  "member.left": z.object({
    type: z.literal("member.left"),
    ...envelope,
    data: durablePayloadSchemas["member.left"],
  }),
  "call.started": z.object({
    type: z.literal("call.started"),
    ...envelope,
    data: durablePayloadSchemas["call.started"],
  }),
  "call.answered": z.object({
    type: z.literal("call.answered"),
    ...envelope,
    data: durablePayloadSchemas["call.answered"],
  }),
  "call.left": z.object({
    type: z.literal("call.left"),
    ...envelope,
    data: durablePayloadSchemas["call.left"],
  }),
  "call.ended": z.object({
    type: z.literal("call.ended"),
    ...envelope,
    data: durablePayloadSchemas["call.ended"],
  }),
  "file.shared": z.object({
    type: z.literal("file.shared"),
    ...envelope,
    data: durablePayloadSchemas["file.shared"],
  }),
  "file.deleted": z.object({
    type: z.literal("file.deleted"),
    ...envelope,
    data: durablePayloadSchemas["file.deleted"],
  }),
};

/** A durable event whose payload is gone. */
export const erasedEventSchema: z.ZodType<ErasedEvent> = z.object({
  type: z.enum(durableTypes),
  ...envelope,
  erased: z.literal(true),
});

/** Any durable event as readers get it. */
export const eventFrameSchema: z.ZodType<EventFrame> = z.union([
  durableEventSchemas["message.created"],
  durableEventSchemas["member.joined"],
  durableEventSchemas["member.left"],
  durableEventSchemas["call.started"],
  durableEventSchemas["call.answered"],
  durableEventSchemas["call.left"],
  durableEventSchemas["call.ended"],
  durableEventSchemas["file.shared"],
  durableEventSchemas["file.deleted"],
  erasedEventSchema,
]);

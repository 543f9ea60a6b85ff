/** Schemas of whole durable events as they travel. For documents and tests; the server trusts its own log. */
import { z } from "zod";
import { clientMessageId, roomId, sequence, userId } from "../fields.ts";
import type { EventId } from "../ids.ts";
import type { DurableEvent, DurableType, ErasedEvent, EventFrame } from "./durable.ts";
import { durablePayloadSchemas } from "./durable.ts";

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
};

/** A durable event whose payload is gone. */
export const erasedEventSchema: z.ZodType<ErasedEvent> = z.object({
  type: z.enum(["message.created", "member.joined", "member.left"]),
  ...envelope,
  erased: z.literal(true),
});

/** Any durable event as readers get it. */
export const eventFrameSchema: z.ZodType<EventFrame> = z.union([
  durableEventSchemas["message.created"],
  durableEventSchemas["member.joined"],
  durableEventSchemas["member.left"],
  erasedEventSchema,
]);

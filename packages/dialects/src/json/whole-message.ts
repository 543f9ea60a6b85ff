import {
  type DurableEvent,
  type EphemeralEvent,
  type EventFrame,
  fields,
  type NoticeEvent,
} from "@parlance/protocol";

/**
 * What an event is to clients that know no messages that grow: a message when it is written whole, and one that grew when it
 * is whole, with the place of the event that says so. So their order is the log's, and resuming misses nothing.
 *
 * @returns undefined for every other event, for the beginning of a message that grows, and for one that ended with nothing to see.
 */
export function wholeMessage(
  event: EventFrame | EphemeralEvent | NoticeEvent,
): DurableEvent<"message.created"> | undefined {
  if ("erased" in event) return undefined;
  if (event.type === "message.created") return event.data.open === true ? undefined : event;
  if (event.type !== "message.closed" || !fields.isVisible(event.data.text)) return undefined;
  const { message_id: id, reason: _, by: __, ...data } = event.data;
  return { ...event, type: "message.created", id, data };
}

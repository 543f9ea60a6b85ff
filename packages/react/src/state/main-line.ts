/** What belongs to a room's main line, and what to a thread below one of its messages. Pure. */
import type { EventFrame } from "@parlance/client";

/** Whether the event is a message that counts in the main line. */
export function isMainMessage(event: EventFrame): boolean {
  return event.type === "message.created" && !isInThread(event);
}

/** Whether the event is a message of a thread. One whose payload was erased does not say so any more. */
export function isInThread(event: EventFrame): boolean {
  return (
    event.type === "message.created" && !("erased" in event) && event.data.thread !== undefined
  );
}

/** Ids of messages that were in threads and were deleted: by these, those are told that come erased. */
export function deletedInThreads(events: readonly EventFrame[]): ReadonlySet<string> {
  return new Set(
    events.flatMap((event) =>
      event.type === "message.deleted" && !("erased" in event) && event.data.thread !== undefined
        ? [event.data.message_id]
        : [],
    ),
  );
}

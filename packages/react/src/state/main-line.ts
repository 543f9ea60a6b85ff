/** What belongs to a room's main line, and what to a thread below one of its messages. Pure. */
import type { EventFrame } from "@parlance/client";

/** Whether the event is a message that counts in the main line. */
export function isMainMessage(event: EventFrame): boolean {
  return event.type === "message.created" && !isInThread(event);
}

/** Whether the event is a message of a thread. One whose payload was erased does not say so any more. */
export function isInThread(event: EventFrame): boolean {
  return threadOf(event) !== undefined;
}

/** The root of the thread that a message is in; undefined of what is in none, or was erased. */
export function threadOf(event: EventFrame): string | undefined {
  if (event.type !== "message.created" || "erased" in event) return undefined;
  return event.data.thread;
}

/** The message that a message answers; undefined where it answers none, or was erased. */
export function repliedTo(event: EventFrame): string | undefined {
  if (event.type !== "message.created" || "erased" in event) return undefined;
  return event.data.reply_to;
}

/** Messages that were in threads and were deleted, with their roots: by these, those are told that come erased. */
export function deletedInThreads(events: readonly EventFrame[]): ReadonlyMap<string, string> {
  return new Map(
    events.flatMap((event) =>
      event.type === "message.deleted" && !("erased" in event) && event.data.thread !== undefined
        ? [[event.data.message_id as string, event.data.thread as string] as const]
        : [],
    ),
  );
}

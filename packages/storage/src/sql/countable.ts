import type { AnyDurableEvent } from "@parlance/protocol";

/** Whether an event counts as unread in its room: what somebody wrote into the main line. */
export function isCountable(event: AnyDurableEvent): boolean {
  return event.type === "message.created" && event.data.thread === undefined;
}

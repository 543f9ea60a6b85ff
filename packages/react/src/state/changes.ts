/** The reader's own changes of messages, shown before the server has told them. Pure. */
import type { EventFrame } from "@parlance/client";
import type { PendingChange, RoomState } from "./model.ts";

/** A new change, or the same one further on. */
export function withChange(room: RoomState, change: PendingChange): RoomState {
  // Its event may have come before the answer.
  const isTold = change.sequence !== undefined && change.sequence <= room.head;
  if (isTold) return withoutChange(room, change.key);
  const others = room.changes.filter((one) => one.key !== change.key);
  return { ...room, changes: [...others, change] };
}

/** It is not pending any more. */
export function withoutChange(room: RoomState, key: string): RoomState {
  const changes = room.changes.filter((one) => one.key !== key);
  return changes.length === room.changes.length ? room : { ...room, changes };
}

/** An event tells what was pending. */
export function changesAfter(
  changes: readonly PendingChange[],
  event: EventFrame,
): readonly PendingChange[] {
  if (changes.length === 0) return changes;
  const deleted =
    event.type === "message.deleted" && !("erased" in event) ? event.data.message_id : undefined;
  return changes.filter(
    (one) =>
      one.message !== deleted && (one.sequence === undefined || one.sequence > event.sequence),
  );
}

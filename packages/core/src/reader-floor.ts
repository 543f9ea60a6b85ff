/**
 * What of a room somebody reads, where reading begins with one's joining (I-15). Each way to read asks here: it is the room's floor
 * for everybody else, and for such a reader the place before the own `member.joined`.
 */
import type { EventFrame, MessageView, Sequence } from "@parlance/protocol";
import type { Awaitable } from "./outcome.ts";
import type { Room } from "./room.ts";
import type { CommandContext } from "./services.ts";

/**
 * The last sequence that the caller does not read. Asked for after something was read, it is right for that: a membership that began
 * meanwhile has a later place.
 */
export function floorFor({ identity }: CommandContext, room: Room): Awaitable<Sequence> {
  const { floor, settings } = room.record;
  if (settings.history !== "since_joined" || identity.scopes !== undefined) return floor;
  const begin = room.begins.of(identity.user);
  return begin instanceof Promise
    ? begin.then((known) => Math.max(floor, known - 1))
    : Math.max(floor, begin - 1);
}

/* Security: an edit says the whole text, also of a message from before. Without this a corrected letter would show it. */
/** Whether an event says what was written up to a reader's floor: then it gets the envelope only. */
export function isWithheld(frame: EventFrame, floor: Sequence): boolean {
  if (floor === 0 || "erased" in frame) return false;
  if (frame.type !== "message.edited" && frame.type !== "message.closed") return false;
  return (frame.data.message_sequence ?? 0) <= floor;
}

/** The event as a reader with this floor gets it. */
export function readFrom(floor: Sequence, frame: EventFrame): EventFrame {
  if (!isWithheld(frame, floor) || "erased" in frame) return frame;
  const { data: _, ...envelope } = frame;
  return { ...envelope, erased: true };
}

/** Messages as a reader with this floor sees them: without those from before, and without what others quote of them. */
export function viewsFrom(
  floor: Sequence,
  messages: readonly MessageView[],
): readonly MessageView[] {
  if (floor === 0) return messages;
  return messages.flatMap((message) => {
    if (message.sequence <= floor) return [];
    const { reply_to: quoted, ...alone } = message;
    return quoted !== undefined && quoted.sequence <= floor ? [alone] : [message];
  });
}

import { type EventFrame, jsonLength, type WireUser } from "@parlance/protocol";
import type { Append, Identity, MemberRecord } from "./ports/index.ts";

/** Somebody as others see them. */
export function wireUser({ user, name, kind, number }: Identity): WireUser {
  return { id: user, name, kind, ...(number === undefined ? {} : { number }) };
}

/** How much an event says: about characters of its payload, without what every payload has. */
export function payloadLength(frame: EventFrame): number {
  if ("erased" in frame) return 0;
  switch (frame.type) {
    case "message.created":
    case "message.closed":
    case "message.edited": {
      const { text, data } = frame.data;
      return text.length + (data === undefined ? 0 : jsonLength(data));
    }
    case "document.edited":
      return frame.data.changes.length;
    case "document.updated":
      return frame.data.update.length;
    default:
      return 0;
  }
}

/** What one append became, as readers get it: the same frame that the log will return for it later. */
export function frameOf(append: Append, place: { sequence: number; time: number }): EventFrame {
  const { clientMessageId } = append;
  return {
    type: append.event.type,
    room: append.room,
    sequence: place.sequence,
    id: append.id,
    author: append.author,
    time: new Date(place.time).toISOString(),
    ...(clientMessageId === undefined ? {} : { client_message_id: clientMessageId }),
    data: append.event.data,
  } as EventFrame;
}

/** Somebody of a room's lists as others see them. */
export function memberUser({
  user,
  name,
  userKind,
  userNumber,
}: Pick<MemberRecord, "user" | "name" | "userKind" | "userNumber">): WireUser {
  const number = userNumber === undefined ? {} : { number: userNumber };
  return { id: user, name, kind: userKind, ...number };
}

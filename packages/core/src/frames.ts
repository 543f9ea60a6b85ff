import type { EventFrame } from "@parlance/protocol";
import type { Append } from "./ports/index.ts";

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

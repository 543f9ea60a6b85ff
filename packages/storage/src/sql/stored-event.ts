import type { StoredEvent } from "@parlance/core";
import type {
  AnyDurableEvent,
  ClientMessageId,
  DurableType,
  EventId,
  RoomId,
  UserId,
} from "@parlance/protocol";

/** The columns of `events` that readers get. */
export interface EventColumns {
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly author: string;
  readonly clientMessageId: string | null;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Canonical JSON; null once erased. */
  readonly payload: string | null;
  readonly countable: number;
}

/** A row of `events` as a frame. The columns were written by us and are taken at their word. */
export function storedEvent(room: RoomId, columns: EventColumns): StoredEvent {
  const envelope = {
    type: columns.type as DurableType,
    room,
    sequence: columns.sequence,
    id: columns.id as EventId,
    author: columns.author as UserId,
    time: new Date(columns.time).toISOString(),
    ...(columns.clientMessageId === null
      ? {}
      : { client_message_id: columns.clientMessageId as ClientMessageId }),
  };
  const frame =
    columns.payload === null
      ? { ...envelope, erased: true as const }
      : ({ ...envelope, data: JSON.parse(columns.payload) } as AnyDurableEvent);
  return { frame, countable: columns.countable };
}

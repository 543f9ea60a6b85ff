/** Versions, pins and saved messages of a memory store, folded from the events whenever somebody asks. */
import type { Keeping, PinRecord } from "@parlance/core";
import type { EventId, MessageVersion, RoomId, UserId } from "@parlance/protocol";
import type { MemoryRoom, MemoryState } from "./state.ts";

/** One message that somebody saved. */
export interface KeptRow {
  readonly user: UserId;
  readonly room: RoomId;
  readonly id: EventId;
  readonly number: number;
}

/** Pins of a room, in the order in which they were put on. */
export function pinsOf(room: MemoryRoom): ReadonlyMap<EventId, PinRecord> {
  const pins = new Map<EventId, PinRecord>();
  for (const { frame, time } of room.events) {
    if ("erased" in frame) continue;
    if (frame.type === "message.pinned") {
      const { message_id: id } = frame.data;
      pins.set(id, { id, by: frame.author, time });
    } else if (frame.type === "message.unpinned" || frame.type === "message.deleted") {
      pins.delete(frame.data.message_id);
    }
  }
  return pins;
}

/** A message was deleted: nobody keeps it any more. */
export function dropSaved(state: MemoryState, id: EventId): void {
  const kept = state.saved.filter((row) => row.id !== id);
  state.saved.splice(0, state.saved.length, ...kept);
}

function versionsOf(room: MemoryRoom, id: EventId): MessageVersion[] {
  return room.events.flatMap(({ frame }): MessageVersion[] => {
    if ("erased" in frame) return [];
    const isFirst = frame.type === "message.created" && frame.id === id;
    const isLater =
      (frame.type === "message.edited" || frame.type === "message.closed") &&
      frame.data.message_id === id;
    if (!isFirst && !isLater) return [];
    if ("open" in frame.data && frame.data.open === true) return [];
    const { sequence, time } = frame;
    const { text, data } = frame.data;
    const mentions = "mentions" in frame.data ? frame.data.mentions : undefined;
    return [
      {
        sequence,
        time,
        text,
        ...(data === undefined ? {} : { data }),
        ...(mentions === undefined ? {} : { mentions }),
      },
    ];
  });
}

/** As `Keeping` promises. */
export function createMemoryKeeping(state: MemoryState): Keeping {
  return {
    messageVersions: async (id, message, limit) => {
      const room = state.rooms.get(id);
      return room === undefined ? [] : versionsOf(room, message).slice(-limit);
    },
    pins: async (id) => {
      const room = state.rooms.get(id);
      return room === undefined ? [] : [...pinsOf(room).values()].reverse();
    },
    saveMessage: async (room, id, user, saved, most) => {
      const index = state.saved.findIndex((row) => row.user === user && row.id === id);
      if (!saved) {
        if (index >= 0) state.saved.splice(index, 1);
        return true;
      }
      if (index >= 0) return true;
      const own = state.saved.filter((row) => row.user === user);
      if (own.length >= most) return false;
      state.saved.push({ user, room, id, number: (own.at(-1)?.number ?? 0) + 1 });
      return true;
    },
    savedMessages: async ({ user, before = Number.POSITIVE_INFINITY, limit }) =>
      state.saved
        .filter((row) => row.user === user && row.number < before)
        .reverse()
        .slice(0, limit)
        .map(({ room, id, number }) => ({ room, id, number })),
  } satisfies Keeping;
}

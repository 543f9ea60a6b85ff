import type { RoomHead, RoomLog, RoomRecord, StoredEvent } from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import { readSettings } from "../sql/room-settings.ts";
import { storedEvent } from "../sql/stored-event.ts";
import type { RecordColumns, RoomColumns } from "./read-directory.ts";
import { eventStride } from "./read-rooms.ts";
import type { Readers } from "./readers.ts";
import type { Searches } from "./searches.ts";
import { type Cell, joinEpoch } from "./thread-messages.ts";
import type { Writer } from "./writer.ts";

export function createRoomLog(writer: Writer, readers: Readers, searches: Searches): RoomLog {
  const { installPart } = writer.greeting;
  return {
    append: (append) => writer.append(append),

    open: async (room, createAs) => {
      const known = await readers.call("room", room);
      if (known !== undefined) return roomRecord(known, installPart);
      if (createAs === undefined) return undefined;
      await writer.call("openRoom", room, createAs);
      const opened = await readers.call("room", room);
      return opened === undefined ? undefined : roomRecord(opened, installPart);
    },

    read: async (query) => {
      const page = await readers.call("read", query);
      if (page === undefined) return undefined;
      return {
        ...roomHead(page.room, installPart),
        events: storedEvents(query.room, page.cells),
      };
    },

    heads: async (rooms) => {
      if (rooms.length === 0) return new Map();
      const rows = await readers.call("heads", rooms);
      return new Map(rows.map((row) => [row.room, roomHead(row, installPart)]));
    },

    proof: async (room, from, to, withheld = []) => {
      const proof = await readers.call("proof", room, from, to, withheld);
      if (proof === undefined) return undefined;
      const { epochPart, hashBefore, hashAfter, commitments } = proof;
      return { epoch: joinEpoch(installPart, epochPart), hashBefore, hashAfter, commitments };
    },

    findMessage: (ref) => readers.call("findMessage", ref),

    messages: async (query) => {
      const page = await readers.call("messages", query);
      if (page === undefined) return undefined;
      return { ...roomHead(page.room, installPart), messages: page.messages };
    },

    messageStats: async (room) => {
      const stats = await readers.call("messageStats", room);
      if (stats === undefined) return undefined;
      const { messages, authors, firstAt, lastAt } = stats;
      return {
        messages,
        authors,
        ...(firstAt === null ? {} : { firstAt }),
        ...(lastAt === null ? {} : { lastAt }),
      };
    },

    search: (query) => searches.search(query),

    appendTexts: (pieces) => writer.call("appendTexts", pieces),
    openText: (message, from, maxLength) => readers.call("openText", message, from, maxLength),
    openMessages: (rooms) => readers.call("openMessages", rooms),
    idleMessages: (idleMs, limit) => readers.call("idleMessages", idleMs, limit),

    control: (after) => readers.call("control", after),
    controlHead: () => readers.call("controlHead"),
  } satisfies RoomLog;
}

/** Where a room is, with its epoch put together. */
export function roomHead(row: RoomColumns, installPart: string): RoomHead {
  const { head, floor, revision, countable } = row;
  return { epoch: joinEpoch(installPart, row.epochPart), head, floor, revision, countable };
}

export function roomRecord(row: RecordColumns, installPart: string): RoomRecord {
  const { room, kind, title } = row;
  const settings = readSettings(row.settings);
  return { ...roomHead(row, installPart), room, kind, title, settings, hasBans: row.hasBans !== 0 };
}

function storedEvents(room: RoomId, cells: readonly Cell[]): StoredEvent[] {
  const events: StoredEvent[] = [];
  for (let place = 0; place < cells.length; place += eventStride) {
    events.push(
      storedEvent(room, {
        sequence: cells[place] as number,
        id: cells[place + 1] as string,
        type: cells[place + 2] as string,
        author: cells[place + 3] as string,
        clientMessageId: cells[place + 4] as string | null,
        time: cells[place + 5] as number,
        payload: cells[place + 6] as string | null,
        countable: cells[place + 7] as number,
      }),
    );
  }
  return events;
}

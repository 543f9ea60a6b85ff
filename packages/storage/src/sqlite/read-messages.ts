import type { MessagePlace, MessageQuery } from "@parlance/core";
import type { MessageView, RoomId } from "@parlance/protocol";
import { findTime } from "../sql/find-time.ts";
import { type Leg, legsOf } from "../sql/message-legs.ts";
import { type MessageColumns, messageView, type ReactionColumns } from "../sql/message-view.ts";
import { namedReactionUsers } from "../sql/reaction-kinds.ts";
import type { Database } from "./database.ts";
import { inSnapshot } from "./in-snapshot.ts";
import { type RoomColumns, roomColumns } from "./read-directory.ts";
import { wholeTexts } from "./read-open-texts.ts";

/** Of the messages that are there. Times in milliseconds, null where there is none. */
export interface StatsColumns {
  readonly messages: number;
  readonly authors: number;
  readonly firstAt: number | null;
  readonly lastAt: number | null;
}

/** Every read of messages as they are now, by name. Called in a reader thread. */
export interface MessageReads {
  findMessage(ref: string): MessagePlace | undefined;
  messages(query: MessageQuery): { room: RoomColumns; messages: MessageView[] } | undefined;
  messageStats(room: string): StatsColumns | undefined;
}

const placeSelect = `SELECT messages.room, messages.id, messages.sequence, messages.author, principal,
    deleted_at, EXISTS (SELECT 1 FROM open_messages WHERE message_id = messages.id) AS open
  FROM messages JOIN events ON events.room = messages.room AND events.sequence = messages.sequence`;

interface PlaceRow extends Omit<MessagePlace, "isDeleted" | "isOpen"> {
  readonly deleted_at: number | null;
  readonly open: number;
}

const messageSelect = `SELECT messages.id, number, messages.sequence, messages.author, made.time,
    made.payload, edit.time AS editTime, edit.payload AS editPayload, shown_sequence AS shownSequence, open_messages.length AS openLength,
    coalesce(octet_length(made.payload), 0) + coalesce(octet_length(edit.payload), 0)
      + coalesce(open_messages.length, 0) AS bytes
  FROM messages
  JOIN events AS made ON made.room = messages.room AND made.sequence = messages.sequence
  LEFT JOIN events AS edit ON edit.room = messages.room AND edit.sequence = shown_sequence
    AND shown_sequence <> messages.sequence
  LEFT JOIN open_messages ON open_messages.message_id = messages.id
  WHERE messages.room = ?`;

type MessageRow = MessageColumns & { readonly bytes: number };

export function createMessageReads(database: Database): MessageReads {
  const found = (query: MessageQuery, { floor, head }: RoomColumns): MessageRow[] => {
    if (query.id !== undefined) {
      return database.all<MessageRow>(`${messageSelect} AND messages.id = ?`, query.room, query.id);
    }
    const at =
      query.at === undefined ? undefined : placeOfTime(database, query.room, floor, head, query.at);
    return legsOf(query, at).flatMap((leg) => rowsOf(database, query.room, leg));
  };

  return {
    findMessage: (ref) => {
      const byId = database.get<PlaceRow>(`${placeSelect} WHERE messages.id = ?`, ref);
      const number = byId === undefined && /^[1-9]\d{0,14}$/.test(ref) ? Number(ref) : undefined;
      const row =
        number === undefined
          ? byId
          : database.get<PlaceRow>(`${placeSelect} WHERE number = ?`, number);
      if (row === undefined) return undefined;
      const { deleted_at, open, ...place } = row;
      return { ...place, isDeleted: deleted_at !== null, isOpen: open === 1 };
    },

    messages: (query) =>
      inSnapshot(database, () => {
        const room = database.get<RoomColumns>(
          `SELECT ${roomColumns} FROM rooms WHERE room = ?`,
          query.room,
        );
        if (room === undefined) return undefined;
        return { room, messages: viewsOf(database, query.room, found(query, room)) };
      }),

    messageStats: (room) => inSnapshot(database, () => stats(database, room)),
  };
}

/** Ascending. */
function rowsOf(database: Database, room: string, leg: Leg): MessageRow[] {
  const isOlder = leg.direction === "older";
  const rows: MessageRow[] = [];
  let bytes = 0;
  for (const row of database.iterate<MessageRow>(
    `${messageSelect} AND messages.sequence ${isOlder ? "<" : ">"} ?
     ORDER BY messages.sequence ${isOlder ? "DESC" : "ASC"} LIMIT ?`,
    room,
    leg.from,
    leg.limit,
  )) {
    bytes += row.bytes;
    rows.push(row);
    if (bytes > leg.maxBytes) break;
  }
  return isOlder ? rows.reverse() : rows;
}

function placeOfTime(
  database: Database,
  room: string,
  floor: number,
  head: number,
  time: number,
): number {
  const search = findTime(floor, head, time);
  let step = search.next();
  while (step.done !== true) {
    const rows = database.all<{ sequence: number; time: number }>(
      `SELECT sequence, time FROM events
       WHERE room = ? AND sequence IN (SELECT value FROM json_each(?))`,
      room,
      JSON.stringify(step.value),
    );
    step = search.next(new Map(rows.map((row) => [row.sequence, row.time])));
  }
  return step.value;
}

/** Rows of one room as readers see them. */
function viewsOf(database: Database, room: RoomId, rows: readonly MessageRow[]): MessageView[] {
  const reactions = reactionsTo(database, rows);
  const open = rows.filter(({ openLength }) => openLength !== null).map(({ id }) => id);
  const texts = wholeTexts(database, open);
  return rows.map((row) => messageView(room, row, reactions.get(row.id) ?? [], texts.get(row.id)));
}

function reactionsTo(
  database: Database,
  messages: readonly MessageRow[],
): ReadonlyMap<string, ReactionColumns[]> {
  const rows = database.all<ReactionColumns>(
    `SELECT message_id AS message, emoji, user, count FROM (
       SELECT message_id, emoji, user,
         row_number() OVER (PARTITION BY message_id, emoji ORDER BY sequence) AS place,
         count(*) OVER (PARTITION BY message_id, emoji) AS count,
         min(sequence) OVER (PARTITION BY message_id, emoji) AS first
       FROM reactions WHERE message_id IN (SELECT value FROM json_each(?)))
     WHERE place <= ? ORDER BY first, place`,
    JSON.stringify(messages.map(({ id }) => id)),
    namedReactionUsers,
  );
  const byMessage = new Map<string, ReactionColumns[]>();
  for (const row of rows) {
    const known = byMessage.get(row.message);
    if (known === undefined) byMessage.set(row.message, [row]);
    else known.push(row);
  }
  return byMessage;
}

function stats(database: Database, room: string): StatsColumns | undefined {
  if (database.get("SELECT 1 FROM rooms WHERE room = ?", room) === undefined) return undefined;
  const counts = database.get<{ messages: number; authors: number }>(
    `SELECT coalesce(sum(messages), 0) AS messages, count(*) AS authors
     FROM room_authors WHERE room = ? AND messages > 0`,
    room,
  );
  const timeOf = (order: "ASC" | "DESC"): number | null =>
    database.get<{ time: number }>(
      `SELECT time FROM messages
       JOIN events ON events.room = messages.room AND events.sequence = messages.sequence
       WHERE messages.room = ? AND deleted_at IS NULL ORDER BY messages.sequence ${order} LIMIT 1`,
      room,
    )?.time ?? null;
  return {
    messages: counts?.messages ?? 0,
    authors: counts?.authors ?? 0,
    firstAt: timeOf("ASC"),
    lastAt: timeOf("DESC"),
  };
}

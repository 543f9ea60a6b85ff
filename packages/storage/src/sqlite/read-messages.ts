import type { MessagePlace, MessageQuery } from "@parlance/core";
import type { EventId, MessageView, RoomId } from "@parlance/protocol";
import { findTime } from "../sql/find-time.ts";
import { type Leg, legsOf } from "../sql/message-legs.ts";
import { quotedBy, quotes, threadsUnder } from "../sql/message-links.ts";
import { type MessageColumns, messageView, type ReactionColumns } from "../sql/message-view.ts";
import { talliesOf } from "../sql/polls.ts";
import { namedReactionUsers } from "../sql/reaction-kinds.ts";
import type { Database } from "./database.ts";
import { inSnapshot } from "./in-snapshot.ts";
import { type RoomColumns, roomColumns } from "./read-directory.ts";
import { wholeTexts } from "./read-open-texts.ts";
import { perform } from "./steps.ts";

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
    deleted_at, EXISTS (SELECT 1 FROM open_messages WHERE message_id = messages.id) AS open,
    (SELECT root FROM thread_messages WHERE message_id = messages.id) AS thread
  FROM messages JOIN events ON events.room = messages.room AND events.sequence = messages.sequence`;

interface PlaceRow extends Omit<MessagePlace, "isDeleted" | "isOpen" | "thread"> {
  readonly deleted_at: number | null;
  readonly open: number;
  readonly thread: EventId | null;
}

const messageSelect = `SELECT messages.room, messages.id, number, messages.sequence, messages.author, made.time,
    made.payload, edit.time AS editTime, edit.payload AS editPayload, shown_sequence AS shownSequence, open_messages.length AS openLength,
    in_thread.root AS thread,
    (SELECT sequence FROM pins WHERE pins.message_id = messages.id) AS pin,
    coalesce(octet_length(made.payload), 0) + coalesce(octet_length(edit.payload), 0)
      + coalesce(open_messages.length, 0) AS bytes
  FROM messages
  JOIN events AS made ON made.room = messages.room AND made.sequence = messages.sequence
  LEFT JOIN events AS edit ON edit.room = messages.room AND edit.sequence = shown_sequence
    AND shown_sequence <> messages.sequence
  LEFT JOIN open_messages ON open_messages.message_id = messages.id
  LEFT JOIN thread_messages AS in_thread ON in_thread.message_id = messages.id`;

/** A leg of a line: of a thread it is driven by the thread's own index. */
function legSelect(line: "main" | "all" | "thread", isOlder: boolean): string {
  const beyond = isOlder ? "<" : ">";
  const order = isOlder ? "DESC" : "ASC";
  if (line === "thread") {
    return `${messageSelect} JOIN (SELECT sequence FROM thread_messages
        WHERE root = ? AND sequence ${beyond} ? ORDER BY sequence ${order} LIMIT ?) AS page
      ON page.sequence = messages.sequence
      WHERE messages.room = ? ORDER BY messages.sequence ${order}`;
  }
  return `${messageSelect} WHERE messages.room = ? AND messages.sequence ${beyond} ?
    ${line === "main" ? "AND in_thread.root IS NULL" : ""}
    ORDER BY messages.sequence ${order} LIMIT ?`;
}

/** Ascending. */
function named(database: Database, room: string, ids: readonly string[]): MessageRow[] {
  if (ids.length === 0) return [];
  return database.all<MessageRow>(
    `${messageSelect} WHERE messages.room = ? AND messages.id IN (SELECT value FROM json_each(?))
     ORDER BY messages.sequence`,
    room,
    JSON.stringify(ids),
  );
}

type MessageRow = MessageColumns & { readonly room: RoomId; readonly bytes: number };

export function createMessageReads(database: Database): MessageReads {
  const found = (query: MessageQuery, { floor, head }: RoomColumns): MessageRow[] => {
    if (query.ids !== undefined) return named(database, query.room, query.ids);
    const at =
      query.at === undefined ? undefined : placeOfTime(database, query.room, floor, head, query.at);
    return legsOf(query, at).flatMap((leg) => rowsOf(database, query, leg));
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
      const { deleted_at, open, thread, ...place } = row;
      const under = thread === null ? {} : { thread };
      return { ...place, isDeleted: deleted_at !== null, isOpen: open === 1, ...under };
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
function rowsOf(database: Database, { room, line }: MessageQuery, leg: Leg): MessageRow[] {
  const isOlder = leg.direction === "older";
  const inThread = typeof line === "object";
  const select = legSelect(inThread ? "thread" : (line ?? "main"), isOlder);
  const found = inThread
    ? database.iterate<MessageRow>(select, line.thread, leg.from, leg.limit, room)
    : database.iterate<MessageRow>(select, room, leg.from, leg.limit);
  const rows: MessageRow[] = [];
  let bytes = 0;
  for (const row of found) {
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

/** Messages by their numbers, in that order. */
export function messagesByNumber(database: Database, numbers: readonly number[]): MessageView[] {
  const rows = database.all<MessageRow>(
    `${messageSelect} WHERE number IN (SELECT value FROM json_each(?))`,
    JSON.stringify(numbers),
  );
  const byRoom = Map.groupBy(rows, ({ room }) => room);
  const found = [...byRoom].flatMap(([room, some]) => viewsOf(database, room, some));
  const views = new Map(found.map((view) => [view.number, view]));
  return numbers.flatMap((number) => views.get(number) ?? []);
}

/** Rows of one room as readers see them. */
function viewsOf(database: Database, room: RoomId, rows: readonly MessageRow[]): MessageView[] {
  const reactions = reactionsTo(database, rows);
  const open = rows.filter(({ openLength }) => openLength !== null).map(({ id }) => id);
  const texts = wholeTexts(database, open);
  const threads = perform(database, threadsUnder(rows.map(({ id }) => id)));
  const tallies = perform(database, talliesOf(rows));
  const answered = quotes(room, named(database, room, quotedBy(rows)));
  return rows.map((row) => {
    const openText = texts.get(row.id);
    const replies = threads.get(row.id);
    const tally = tallies.get(row.id);
    return messageView(room, row, {
      reactions: reactions.get(row.id) ?? [],
      ...(openText === undefined ? {} : { openText }),
      ...(replies === undefined ? {} : { replies }),
      ...(tally === undefined ? {} : { tally }),
      quotes: answered,
    });
  });
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
      `SELECT events.time FROM messages
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

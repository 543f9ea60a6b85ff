/** Messages as they are now. */
import type { MessagePage, MessagePlace, MessageQuery, MessageStats } from "@parlance/core";
import type { EventId, MessageView, RoomId } from "@parlance/protocol";
import { findTime } from "../sql/find-time.ts";
import { legsOf } from "../sql/message-legs.ts";
import { quotedBy, quotes, threadsUnder } from "../sql/message-links.ts";
import { type MessageColumns, messageView, type ReactionColumns } from "../sql/message-view.ts";
import { talliesOf } from "../sql/polls.ts";
import { namedReactionUsers } from "../sql/reaction-kinds.ts";
import { wholeTexts } from "./open-texts.ts";
import { type RoomColumns, readRoom, roomHead } from "./rooms.ts";
import type { Session } from "./session.ts";
import { perform } from "./steps.ts";

const placeSelect = `SELECT m.room, m.id, m.sequence, m.author, e.principal, m.deleted_at,
    (SELECT count(*) FROM {open_messages} o WHERE o.message_id = m.id) AS open,
    (SELECT t.root FROM {thread_messages} t WHERE t.message_id = m.id) AS thread
  FROM {messages} m JOIN {events} e ON e.room = m.room AND e.sequence = m.sequence`;

type PlaceRow = Omit<MessagePlace, "isDeleted" | "isOpen" | "thread"> & {
  readonly deleted_at: number | null;
  readonly open: number;
  readonly thread: EventId | null;
};

export async function findMessage(
  session: Session,
  ref: string,
): Promise<MessagePlace | undefined> {
  const byId = await session.get<PlaceRow>(`${placeSelect} WHERE m.id = ?`, ref);
  const number = byId === undefined && /^[1-9]\d{0,14}$/.test(ref) ? Number(ref) : undefined;
  const row =
    number === undefined
      ? byId
      : await session.get<PlaceRow>(`${placeSelect} WHERE m.number = ?`, number);
  if (row === undefined) return undefined;
  const { deleted_at, open, thread, ...place } = row;
  const under = thread === null ? {} : { thread };
  return { ...place, isDeleted: deleted_at !== null, isOpen: Number(open) > 0, ...under };
}

type MessageRow = MessageColumns & { readonly room: RoomId; readonly bytes: number };

const messageSelect = `SELECT m.room, m.id, m.number, m.sequence, m.author, made.time, made.payload,
    edit.time AS "editTime", edit.payload AS "editPayload", m.shown_sequence AS "shownSequence", o.length AS "openLength",
    t.root AS thread,
    (SELECT p.sequence FROM {pins} p WHERE p.message_id = m.id) AS pin,
    coalesce(octet_length(made.payload), 0) + coalesce(octet_length(edit.payload), 0)
      + coalesce(o.length, 0) AS bytes
  FROM {messages} m
  JOIN {events} made ON made.room = m.room AND made.sequence = m.sequence
  LEFT JOIN {events} edit ON edit.room = m.room AND edit.sequence = m.shown_sequence
    AND m.shown_sequence <> m.sequence
  LEFT JOIN {open_messages} o ON o.message_id = m.id
  LEFT JOIN {thread_messages} t ON t.message_id = m.id`;

/** A leg of a line: of a thread it is driven by the thread's own index. */
function legSelect(line: "main" | "all" | "thread", isOlder: boolean): string {
  const beyond = isOlder ? "<" : ">";
  const order = isOlder ? "DESC" : "ASC";
  if (line === "thread") {
    return `${messageSelect} JOIN (SELECT sequence FROM {thread_messages}
        WHERE root = ? AND sequence ${beyond} ? ORDER BY sequence ${order} LIMIT ?) page
      ON page.sequence = m.sequence
      WHERE m.room = ? ORDER BY m.sequence ${order}`;
  }
  return `${messageSelect} WHERE m.room = ? AND m.sequence ${beyond} ?
    ${line === "main" ? "AND t.root IS NULL" : ""} ORDER BY m.sequence ${order} LIMIT ?`;
}

/** Ascending. */
async function named(
  session: Session,
  room: string,
  ids: readonly string[],
): Promise<MessageRow[]> {
  if (ids.length === 0) return [];
  return session.all<MessageRow>(
    `${messageSelect} WHERE m.room = ? AND m.id IN (?*) ORDER BY m.sequence`,
    room,
    ids,
  );
}

/** In a snapshot. */
export async function readMessages(
  session: Session,
  query: MessageQuery,
): Promise<MessagePage | undefined> {
  const room = await readRoom(session, query.room);
  if (room === undefined) return undefined;
  const rows = await rowsOf(session, query, room);
  return { ...roomHead(room), messages: await viewsOf(session, query.room, rows) };
}

/** Ascending. */
async function rowsOf(
  session: Session,
  query: MessageQuery,
  { floor, head }: RoomColumns,
): Promise<MessageRow[]> {
  const { room, ids, line = "main" } = query;
  if (ids !== undefined) return named(session, room, ids);
  const at =
    query.at === undefined ? undefined : await placeOfTime(session, room, floor, head, query.at);
  const found: MessageRow[] = [];
  for (const leg of legsOf(query, at)) {
    const isOlder = leg.direction === "older";
    const inThread = typeof line === "object";
    const select = legSelect(inThread ? "thread" : line, isOlder);
    const rows = inThread
      ? await session.all<MessageRow>(select, line.thread, leg.from, leg.limit, room)
      : await session.all<MessageRow>(select, room, leg.from, leg.limit);
    const within = withinBytes(rows, leg.maxBytes);
    found.push(...(isOlder ? within.reverse() : within));
  }
  return found;
}

async function placeOfTime(
  session: Session,
  room: string,
  floor: number,
  head: number,
  time: number,
): Promise<number> {
  const search = findTime(floor, head, time);
  let step = search.next();
  while (step.done !== true) {
    const rows = await session.all<{ sequence: number; time: number }>(
      "SELECT sequence, time FROM {events} WHERE room = ? AND sequence IN (?*)",
      room,
      step.value,
    );
    step = search.next(new Map(rows.map((row) => [row.sequence, row.time])));
  }
  return step.value;
}

/** Messages by their numbers, in that order. */
export async function messagesByNumber(
  session: Session,
  numbers: readonly number[],
): Promise<MessageView[]> {
  if (numbers.length === 0) return [];
  const rows = await session.all<MessageRow>(`${messageSelect} WHERE m.number IN (?*)`, numbers);
  const views = new Map<number, MessageView>();
  for (const [room, some] of Map.groupBy(rows, (row) => row.room)) {
    for (const view of await viewsOf(session, room, some)) views.set(view.number, view);
  }
  return numbers.flatMap((number) => views.get(number) ?? []);
}

/** Rows of one room as readers see them. */
async function viewsOf(
  session: Session,
  room: RoomId,
  rows: readonly MessageRow[],
): Promise<MessageView[]> {
  const reactions = await reactionsTo(session, rows);
  const texts = await wholeTexts(
    session,
    rows.filter(({ openLength }) => openLength !== null).map(({ id }) => id),
  );
  const threads = await perform(session, threadsUnder(rows.map(({ id }) => id)));
  const tallies = await perform(session, talliesOf(rows));
  const answered = quotes(room, await named(session, room, quotedBy(rows)));
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

/** The first rows, up to the one that passes the bound. */
function withinBytes(rows: readonly MessageRow[], maxBytes: number): MessageRow[] {
  const found: MessageRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += row.bytes;
    found.push(row);
    if (bytes > maxBytes) break;
  }
  return found;
}

async function reactionsTo(
  session: Session,
  messages: readonly MessageRow[],
): Promise<ReadonlyMap<string, ReactionColumns[]>> {
  const byMessage = new Map<string, ReactionColumns[]>();
  if (messages.length === 0) return byMessage;
  const rows = await session.all<ReactionColumns>(
    `SELECT message_id AS message, emoji, user_id AS "user", users AS count FROM (
       SELECT message_id, emoji, user_id,
         row_number() OVER (PARTITION BY message_id, emoji ORDER BY sequence) AS place,
         count(*) OVER (PARTITION BY message_id, emoji) AS users,
         min(sequence) OVER (PARTITION BY message_id, emoji) AS begun
       FROM {reactions} WHERE message_id IN (?*)) counted
     WHERE place <= ? ORDER BY begun, place`,
    messages.map(({ id }) => id),
    namedReactionUsers,
  );
  for (const row of rows) {
    const known = byMessage.get(row.message);
    if (known === undefined) byMessage.set(row.message, [row]);
    else known.push(row);
  }
  return byMessage;
}

/** In a snapshot. */
export async function messageStats(
  session: Session,
  room: string,
): Promise<MessageStats | undefined> {
  if ((await readRoom(session, room)) === undefined) return undefined;
  const counts = await session.get<{ messages: number; authors: number }>(
    `SELECT coalesce(sum(messages), 0) AS messages, count(*) AS authors
     FROM {room_authors} WHERE room = ? AND messages > 0`,
    room,
  );
  const firstAt = await timeOf(session, room, "ASC");
  const lastAt = await timeOf(session, room, "DESC");
  return {
    messages: counts?.messages ?? 0,
    authors: counts?.authors ?? 0,
    ...(firstAt === undefined ? {} : { firstAt }),
    ...(lastAt === undefined ? {} : { lastAt }),
  };
}

async function timeOf(
  session: Session,
  room: string,
  order: "ASC" | "DESC",
): Promise<number | undefined> {
  const row = await session.get<{ time: number }>(
    `SELECT e.time FROM {messages} m JOIN {events} e ON e.room = m.room AND e.sequence = m.sequence
     WHERE m.room = ? AND m.deleted_at IS NULL ORDER BY m.sequence ${order} LIMIT 1`,
    room,
  );
  return row?.time;
}

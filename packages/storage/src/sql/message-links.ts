/** What messages have to do with others, read for a page of them: the threads under them, and what they answer. */
import type { EventId, QuotedMessage, RoomId, ThreadSummary, UserId } from "@parlance/protocol";
import { type MessageColumns, messageView } from "./message-view.ts";
import { all, type Steps } from "./statements.ts";

/** People named with a thread: `limits.threadPeople`, which storage threads do not load. */
const threadPeople = 10;
/** What is shown of a quoted message, in UTF-16 code units: `limits.quoteLength`. */
const quoteLength = 200;

/** What was written under these messages, by root. */
export function* threadsUnder(ids: readonly EventId[]): Steps<ReadonlyMap<EventId, ThreadSummary>> {
  if (ids.length === 0) return new Map();
  const threads = yield* all<{
    root: EventId;
    messages: number;
    last_sequence: number;
    last_at: number;
  }>("SELECT root, messages, last_sequence, last_at FROM {threads} WHERE root IN (?*)", ids);
  if (threads.length === 0) return new Map();
  const people = yield* all<{ root: EventId; person: UserId }>(
    `SELECT root, person FROM (
       SELECT root, person, wrote_sequence,
         row_number() OVER (PARTITION BY root ORDER BY wrote_sequence) AS place
       FROM {thread_people} WHERE root IN (?*) AND wrote_sequence IS NOT NULL) writers
     WHERE place <= ? ORDER BY root, place`,
    threads.map(({ root }) => root),
    threadPeople,
  );
  return new Map(
    threads.map(({ root, messages, last_sequence, last_at }) => [
      root,
      {
        count: messages,
        last_sequence,
        last_time: new Date(last_at).toISOString(),
        people: people.filter((one) => one.root === root).map(({ person }) => person),
      },
    ]),
  );
}

/** The messages that these answer. */
export function quotedBy(rows: readonly MessageColumns[]): EventId[] {
  const ids = new Set<EventId>();
  for (const { payload } of rows) {
    // Most answer none, and reading a payload costs more than looking for the word in it.
    if (payload?.includes('"reply_to"') !== true) continue;
    const { reply_to: id } = JSON.parse(payload) as { readonly reply_to?: EventId };
    if (id !== undefined) ids.add(id);
  }
  return [...ids];
}

/** The beginnings of quoted messages as they are now, by id. */
export function quotes(
  room: RoomId,
  rows: readonly MessageColumns[],
): ReadonlyMap<EventId, QuotedMessage> {
  return new Map(rows.map((row) => [row.id, quote(room, row)]));
}

function quote(room: RoomId, row: MessageColumns): QuotedMessage {
  const { id: message_id, sequence, author, author_name, text, deleted } = messageView(room, row);
  const shown = text.slice(0, quoteLength);
  return {
    message_id,
    sequence,
    author,
    author_name,
    // Half of a pair is no text.
    text: shown.length < text.length ? shown.replace(/[\uD800-\uDBFF]$/, "") : shown,
    ...(deleted === undefined ? {} : { deleted }),
  };
}

import type { IdleMessage, OpenMessage, OpenText } from "@parlance/core";
import type { EventId, RoomId } from "@parlance/protocol";
import { sliceOf, type TextColumns } from "../sql/open-messages.ts";
import type { Database } from "./database.ts";
import { inSnapshot } from "./in-snapshot.ts";

/** Every read of open texts, by name. Called in a reader thread. */
export interface OpenTextReads {
  openText(message: EventId, from: number, maxLength: number): OpenText | undefined;
  openMessages(rooms: readonly RoomId[]): OpenMessage[];
  idleMessages(idleMs: number, limit: number): IdleMessage[];
}

const now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
const columns = "message_id AS message, room, length";

export function createOpenTextReads(database: Database): OpenTextReads {
  return {
    openText: (message, from, maxLength) =>
      inSnapshot(database, () => {
        const open = database.get<{ length: number }>(
          "SELECT length FROM open_messages WHERE message_id = ?",
          message,
        );
        if (open === undefined) return undefined;
        const pieces = database.all<TextColumns>(
          `SELECT message_id AS message, begin_at AS "beginAt", text FROM open_texts
           WHERE message_id = ? AND end_at > ? AND begin_at < ? ORDER BY begin_at`,
          message,
          from,
          from + maxLength,
        );
        return { length: open.length, text: sliceOf(pieces, from, maxLength) };
      }),

    openMessages: (rooms) =>
      database.all<OpenMessage>(
        `SELECT ${columns} FROM open_messages WHERE room IN (SELECT value FROM json_each(?))`,
        JSON.stringify(rooms),
      ),

    idleMessages: (idleMs, limit) =>
      database.all<IdleMessage>(
        `SELECT ${columns}, principal FROM open_messages WHERE touched_at <= ${now} - ?
         ORDER BY touched_at LIMIT ?`,
        idleMs,
        limit,
      ),
  };
}

/** The whole texts of messages that are open, by message. */
export function wholeTexts(
  database: Database,
  messages: readonly EventId[],
): ReadonlyMap<EventId, string> {
  const texts = new Map<EventId, string>();
  if (messages.length === 0) return texts;
  const pieces = database.all<TextColumns>(
    `SELECT message_id AS message, begin_at AS "beginAt", text FROM open_texts
     WHERE message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id, begin_at`,
    JSON.stringify(messages),
  );
  for (const { message, text } of pieces) texts.set(message, (texts.get(message) ?? "") + text);
  return texts;
}

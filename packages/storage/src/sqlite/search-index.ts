/**
 * The index that messages are found by: an FTS5 table over `messages.terms`, which keeps no text of its own. Its rowids are
 * messages' places in the order of results, so that the newest are read first and no result is ever sorted. Triggers follow
 * whoever writes messages: this program, a copy, a restore.
 *
 * FTS5's tokenizer `ascii` takes every other character for a part of a word, so terms go in as we made them. What is taken out
 * is taken out at once (`secure-delete`) instead of when parts of the index are merged some day: a deleted word is in no file.
 */
import { messageTerms } from "@parlance/core/search";
import type { DurablePayloads, RoomId, UserId } from "@parlance/protocol";
import type { Database } from "./database.ts";

/** A million messages of one millisecond have places of their own. */
const place = "time * 1048576 + number % 1048576";

/** Migration: makes the index, and the terms of messages anew, as they are made now. */
export function makeSearchable(database: Database): void {
  database.exec(`
    ALTER TABLE messages ADD COLUMN time INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE messages ADD COLUMN place INTEGER AS (${place}) VIRTUAL;
    CREATE VIRTUAL TABLE message_terms USING fts5 (
      terms, content = '', tokenize = "ascii tokenchars '_'", prefix = '2 3 4'
    );
    INSERT INTO message_terms (message_terms, rank) VALUES ('secure-delete', 1);
  `);
  const rows = database.iterate<OldMessage>(
    `SELECT number, messages.room, messages.author, messages.deleted_at AS deletedAt, made.time,
       shown.payload AS shownPayload
     FROM messages
     JOIN events AS made ON made.room = messages.room AND made.sequence = messages.sequence
     JOIN events AS shown ON shown.room = messages.room AND shown.sequence = messages.shown_sequence
     ORDER BY made.time, number`,
  );
  for (const row of rows) {
    const terms = termsOf(row);
    database.run(
      "UPDATE messages SET time = ?, terms = ? WHERE number = ?",
      row.time,
      terms,
      row.number,
    );
    if (terms === "") continue;
    database.run(
      "INSERT INTO message_terms (rowid, terms) SELECT place, terms FROM messages WHERE number = ?",
      row.number,
    );
  }
  database.exec(`
    CREATE UNIQUE INDEX messages_by_place ON messages (place);
    CREATE TRIGGER message_found AFTER INSERT ON messages WHEN NEW.terms <> '' BEGIN
      INSERT INTO message_terms (rowid, terms) VALUES (${newPlace}, NEW.terms);
    END;
    CREATE TRIGGER message_changed AFTER UPDATE OF terms ON messages WHEN NEW.terms <> OLD.terms BEGIN
      INSERT INTO message_terms (message_terms, rowid, terms)
        SELECT 'delete', ${oldPlace}, OLD.terms WHERE OLD.terms <> '';
      INSERT INTO message_terms (rowid, terms) SELECT ${newPlace}, NEW.terms WHERE NEW.terms <> '';
    END;
    CREATE TRIGGER message_lost AFTER DELETE ON messages WHEN OLD.terms <> '' BEGIN
      INSERT INTO message_terms (message_terms, rowid, terms) VALUES ('delete', ${oldPlace}, OLD.terms);
    END;
  `);
}

const newPlace = "NEW.time * 1048576 + NEW.number % 1048576";
const oldPlace = "OLD.time * 1048576 + OLD.number % 1048576";

interface OldMessage {
  readonly number: number;
  readonly room: RoomId;
  readonly author: UserId;
  readonly deletedAt: number | null;
  readonly time: number;
  readonly shownPayload: string | null;
}

function termsOf({ room, author, deletedAt, shownPayload }: OldMessage): string {
  if (deletedAt !== null || shownPayload === null) return "";
  const { text, data } = JSON.parse(shownPayload) as DurablePayloads["message.edited"];
  return messageTerms({ room, author, text, ...(data === undefined ? {} : { data }) });
}

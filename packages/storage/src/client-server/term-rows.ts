/**
 * Terms as rows of their own: the index that messages are found by where the engine has none that would do. MySQL's and MariaDB's
 * FULLTEXT leaves out words of two letters and a list of English ones, sorts all that match before the first is read, and keeps
 * the words of deleted rows until somebody optimizes the table. Here each term's messages lie together, the newest at their end.
 */
import type { Session } from "./session.ts";

/** Messages of one statement: their terms travel as one JSON text. */
const messagesAtOnce = 500;
/** Terms of one statement that takes some out. */
const termsAtOnce = 200;

/** Indexes messages that are stored in the same transaction; what is indexed already is left as it is. */
export function addTermRows(
  session: Session,
  messages: readonly (readonly [id: string, terms: string])[],
): readonly Promise<unknown>[] {
  const writes: Promise<unknown>[] = [];
  for (let at = 0; at < messages.length; at += messagesAtOnce) {
    const given = messages
      .slice(at, at + messagesAtOnce)
      .map(([id, terms]) => [id, differentTerms(terms)]);
    writes.push(
      session.run(
        `INSERT IGNORE INTO {message_terms} (term, time, number)
         SELECT given.term, m.time, m.number FROM JSON_TABLE(?, '$[*]' COLUMNS (
             id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[0]',
             NESTED PATH '$[1][*]' COLUMNS (
               term VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$')
           )) AS given STRAIGHT_JOIN {messages} m ON m.id = given.id
         WHERE given.term IS NOT NULL`,
        JSON.stringify(given),
      ),
    );
  }
  return writes;
}

/** Takes a message out of the index: before its terms are changed. */
export async function removeTermRows(session: Session, message: string): Promise<void> {
  const row = await session.get<{ number: number; time: number; terms: string }>(
    "SELECT number, time, terms FROM {messages} WHERE id = ?",
    message,
  );
  if (row === undefined) return;
  const terms = differentTerms(row.terms);
  for (let at = 0; at < terms.length; at += termsAtOnce) {
    await session.run(
      "DELETE FROM {message_terms} WHERE term IN (?*) AND time = ? AND number = ?",
      terms.slice(at, at + termsAtOnce),
      row.time,
      row.number,
    );
  }
}

function differentTerms(terms: string): string[] {
  return terms === "" ? [] : [...new Set(terms.split(" "))];
}

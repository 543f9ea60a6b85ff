/** Texts of open messages. */
import type { IdleMessage, OpenMessage, OpenText, OpenTexts, TextAppend } from "@parlance/core";
import type { DurablePayloads, EventId } from "@parlance/protocol";
import { maxOpenMessages, sliceOf, type TextColumns } from "../sql/open-messages.ts";
import type { Reads, Write } from "./access.ts";
import type { EngineSql, Session } from "./session.ts";
import { openTextColumns } from "./tables.ts";

const columns = "message_id AS message, room, length";

export function createOpenTexts(reads: Reads, write: Write, sql: EngineSql): OpenTexts {
  const { now } = sql;
  /* The look at the room's revision takes no lock: it is asked before each piece, and a right that ends in between ends with the next. */
  const extend = `UPDATE {open_messages} SET length = ?, touched_at = ${now}
    WHERE message_id = ? AND room = ? AND length = ?
      AND NOT EXISTS (SELECT 1 FROM {rooms} r WHERE r.room = ? AND r.revision > ?)`;

  return {
    appendTexts: (pieces) =>
      write(async (session) => {
        // In one order on all nodes, so that none waits for another in a circle.
        const order = [...pieces.keys()].sort((left, right) =>
          (pieces[left]?.message ?? "") < (pieces[right]?.message ?? "") ? -1 : 1,
        );
        const results: TextAppend[] = [];
        const rows: (readonly (string | number)[])[] = [];
        for (const index of order) {
          const piece = pieces[index];
          if (piece === undefined) continue;
          const { message, room, at, text, revision } = piece;
          const end = at + text.length;
          const changed = await session.run(extend, end, message, room, at, room, revision);
          results[index] = changed > 0 ? { outcome: "stored" } : await refusalOf(session, piece);
          if (changed > 0 && text !== "") rows.push([message, at, end, text]);
        }
        if (rows.length > 0) {
          await session.insert({ table: "open_texts", columns: openTextColumns, rows });
        }
        return results;
      }),

    openText: (message, from, maxLength) =>
      reads.snapshot((session) => readText(session, message, from, maxLength)),

    openMessages: (rooms) =>
      rooms.length === 0
        ? Promise.resolve([])
        : reads.each((session) =>
            session.all<OpenMessage>(
              `SELECT ${columns} FROM {open_messages} WHERE room IN (?*)`,
              rooms,
            ),
          ),

    idleMessages: (idleMs, limit) =>
      reads.each((session) =>
        session.all<IdleMessage>(
          `SELECT ${columns}, principal FROM {open_messages} WHERE touched_at <= ${now} - ?
           ORDER BY touched_at LIMIT ?`,
          idleMs,
          limit,
        ),
      ),
  } satisfies OpenTexts;
}

async function refusalOf(
  session: Session,
  { message, room, at }: { readonly message: string; readonly room: string; readonly at: number },
): Promise<TextAppend> {
  const open = await session.get<{ length: number }>(
    "SELECT length FROM {open_messages} WHERE message_id = ? AND room = ?",
    message,
    room,
  );
  if (open === undefined) return { outcome: "gone" };
  return open.length === at ? { outcome: "stale" } : { outcome: "moved", length: open.length };
}

async function readText(
  session: Session,
  message: EventId,
  from: number,
  maxLength: number,
): Promise<OpenText | undefined> {
  const open = await session.get<{ length: number }>(
    "SELECT length FROM {open_messages} WHERE message_id = ?",
    message,
  );
  if (open === undefined) return undefined;
  const pieces = await session.all<TextColumns>(
    `SELECT message_id AS message, begin_at AS "beginAt", text FROM {open_texts}
     WHERE message_id = ? AND end_at > ? AND begin_at < ? ORDER BY begin_at`,
    message,
    from,
    from + maxLength,
  );
  return { length: open.length, text: sliceOf(pieces, from, maxLength) };
}

/** The whole texts of messages that are open, by message. */
export async function wholeTexts(
  session: Session,
  messages: readonly EventId[],
): Promise<ReadonlyMap<EventId, string>> {
  const texts = new Map<EventId, string>();
  if (messages.length === 0) return texts;
  const pieces = await session.all<TextColumns>(
    `SELECT message_id AS message, begin_at AS "beginAt", text FROM {open_texts}
     WHERE message_id IN (?*) ORDER BY message_id, begin_at`,
    messages,
  );
  for (const { message, text } of pieces) texts.set(message, (texts.get(message) ?? "") + text);
  return texts;
}

/** Whether a principal has as many open messages as it may. */
export async function opensTooMany(session: Session, principal: string): Promise<boolean> {
  const row = await session.get<{ open: number }>(
    "SELECT count(*) AS open FROM {open_messages} WHERE principal = ?",
    principal,
  );
  return Number(row?.open ?? 0) >= maxOpenMessages;
}

/** Why a message cannot be closed with this text; undefined if it can. Nobody appends to it before this transaction's end. */
export async function closingRefusal(
  session: Session,
  { forUpdate }: EngineSql,
  room: string,
  { message_id: message, text }: DurablePayloads["message.closed"],
): Promise<"gone" | "moved" | undefined> {
  const open = await session.get<{ length: number }>(
    `SELECT length FROM {open_messages} WHERE message_id = ? AND room = ? ${forUpdate}`,
    message,
    room,
  );
  if (open === undefined) return "gone";
  return open.length === text.length ? undefined : "moved";
}

/** Begins the text of a message. */
export async function beginText(
  session: Session,
  { now }: EngineSql,
  place: { readonly id: string; readonly room: string; readonly principal: string },
  text: string,
): Promise<void> {
  const { id, room, principal } = place;
  await session.run(
    `INSERT INTO {open_messages} (message_id, room, principal, length, touched_at)
     VALUES (?, ?, ?, ?, ${now})`,
    id,
    room,
    principal,
    text.length,
  );
  if (text === "") return;
  const rows = [[id, 0, text.length, text]];
  await session.insert({ table: "open_texts", columns: openTextColumns, rows });
}

/** The text is not open any more, or is not to be found any more. */
export async function endText(session: Session, message: string): Promise<void> {
  await session.run("DELETE FROM {open_messages} WHERE message_id = ?", message);
  await session.run("DELETE FROM {open_texts} WHERE message_id = ?", message);
}

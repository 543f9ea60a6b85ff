import type { TextAppend, TextPiece } from "@parlance/core";
import type { DurablePayloads } from "@parlance/protocol";
import { maxOpenMessages } from "../sql/open-messages.ts";
import type { Database } from "./database.ts";
import { outcomeCode } from "./thread-messages.ts";
import type { EventPlace } from "./write-messages.ts";

const now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/** Adds to texts, as `OpenTexts.appendTexts` promises. Inside the writer's transaction. */
export function appendTexts(database: Database, pieces: readonly TextPiece[]): TextAppend[] {
  return pieces.map((piece) => {
    const open = lengthOf(database, piece.message, piece.room);
    if (open === undefined) return { outcome: "gone" };
    const room = database.get<{ revision: number }>(
      "SELECT revision FROM rooms WHERE room = ?",
      piece.room,
    );
    if (room === undefined || room.revision > piece.revision) return { outcome: "stale" };
    if (open !== piece.at) return { outcome: "moved", length: open };
    addPiece(database, piece.message, piece.at, piece.text);
    return { outcome: "stored" };
  });
}

/** Why no more may be opened; undefined if one may. */
export function openingRefusal(database: Database, principal: string): number | undefined {
  const row = database.get<{ open: number }>(
    "SELECT count(*) AS open FROM open_messages WHERE principal = ?",
    principal,
  );
  return (row?.open ?? 0) < maxOpenMessages ? undefined : outcomeCode.full;
}

/** Why a message cannot be closed with this text; undefined if it can. */
export function closingRefusal(
  database: Database,
  room: string,
  { message_id: message, text }: DurablePayloads["message.closed"],
): number | undefined {
  const length = lengthOf(database, message, room);
  if (length === undefined) return outcomeCode.gone;
  return length === text.length ? undefined : outcomeCode.moved;
}

/** Begins the text of a message. */
export function beginText(
  database: Database,
  { id, room }: EventPlace,
  principal: string,
  text: string,
): void {
  database.run(
    `INSERT INTO open_messages (message_id, room, principal, length, touched_at)
     VALUES (?, ?, ?, 0, ${now})`,
    id,
    room,
    principal,
  );
  addPiece(database, id, 0, text);
}

/** The text is not open any more, or is not to be found any more. */
export function endText(database: Database, message: string): void {
  database.run("DELETE FROM open_messages WHERE message_id = ?", message);
  database.run("DELETE FROM open_texts WHERE message_id = ?", message);
}

function addPiece(database: Database, message: string, at: number, text: string): void {
  const end = at + text.length;
  database.run(
    `UPDATE open_messages SET length = ?, touched_at = ${now} WHERE message_id = ?`,
    end,
    message,
  );
  if (text === "") return;
  database.run(
    "INSERT INTO open_texts (message_id, begin_at, end_at, text) VALUES (?, ?, ?, ?)",
    message,
    at,
    end,
    text,
  );
}

function lengthOf(database: Database, message: string, room: string): number | undefined {
  return database.get<{ length: number }>(
    "SELECT length FROM open_messages WHERE message_id = ? AND room = ?",
    message,
    room,
  )?.length;
}

import { messageTerms } from "@parlance/core/search";
import type { DurablePayloads, RoomId, UserId } from "@parlance/protocol";
import type { Session } from "./session.ts";
import { addTermRows } from "./term-rows.ts";

const rowsAtOnce = 500;

interface OldMessage {
  readonly number: number;
  readonly id: string;
  readonly room: RoomId;
  readonly author: UserId;
  readonly shownPayload: string | null;
}

/** Migration: makes the terms of all messages anew, as they are made now. May be done again. */
export async function makeTerms(session: Session, hasTermRows: boolean): Promise<void> {
  for (let last = 0; ; ) {
    const rows = await session.all<OldMessage>(
      `SELECT m.number, m.id, m.room, m.author, shown.payload AS "shownPayload"
       FROM {messages} m
       JOIN {events} shown ON shown.room = m.room AND shown.sequence = m.shown_sequence
       WHERE m.number > ? AND m.deleted_at IS NULL ORDER BY m.number LIMIT ?`,
      last,
      rowsAtOnce,
    );
    if (rows.length === 0) return;
    const made = rows.map((row) => [row.number, row.id, termsOf(row)] as const);
    await session.update(
      {
        table: "messages",
        columns: { number: "integer", terms: "text" },
        rows: made.map(([number, , terms]) => [number, terms]),
      },
      ["number"],
    );
    if (hasTermRows) {
      await Promise.all(
        addTermRows(
          session,
          made.map(([, id, terms]) => [id, terms]),
        ),
      );
    }
    last = rows.at(-1)?.number ?? last;
  }
}

function termsOf({ room, author, shownPayload }: OldMessage): string {
  if (shownPayload === null) return "";
  const { text, data } = JSON.parse(shownPayload) as DurablePayloads["message.edited"];
  return messageTerms({ room, author, text, ...(data === undefined ? {} : { data }) });
}

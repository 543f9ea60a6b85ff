/** Rows one after the other: which begin a block, and what stands above them. */
import { isMentioned } from "../state/unread.ts";
import type { Message } from "./message-of.ts";
import type { Above, Row, SystemRow } from "./rows.ts";

/** Messages of one author within so many milliseconds of the block's first are one block. */
export const blockMs = 5 * 60_000;

/** Rows that grow at their end. */
export interface RowList {
  readonly rows: readonly Row[];
  /** @param lines What else stands above it. */
  addMessage(message: Message, lines?: Above): void;
  /** Next to one with nothing between them, they are one line. */
  addChange(change: SystemRow["changes"][number], place: { time: string; sequence: number }): void;
}

/**
 * An empty list. Days are those of the reader's time zone.
 *
 * @param newAfter The line "new since" goes after this sequence.
 * @param floor Where the log begins: after this sequence; undefined where that is not shown.
 */
export function createRowList(
  me: string,
  { newAfter, floor }: { readonly newAfter: number | undefined; readonly floor?: number },
): RowList {
  const rows: Row[] = [];
  let day = "";
  let newLineDue = newAfter !== undefined;
  let block: { readonly author: string; readonly begin: number } | undefined;

  const above = (time: string, sequence: number | undefined): Above => {
    const date = new Date(time).toDateString();
    const result: { -readonly [K in keyof Above]: Above[K] } = {};
    if (date !== day) result.day = time;
    if (newLineDue && sequence !== undefined && sequence > (newAfter ?? 0)) {
      result.newSince = true;
      newLineDue = false;
    }
    if (rows.length === 0 && floor !== undefined && sequence === floor + 1) result.start = true;
    day = date;
    return result;
  };

  return {
    rows,
    addMessage: (message, lines = {}) => {
      const all = { ...above(message.time, message.sequence), ...lines };
      const begin = Date.parse(message.time);
      const follows =
        block?.author === message.author &&
        begin - block.begin < blockMs &&
        message.quote === undefined &&
        all.day === undefined &&
        all.newSince === undefined &&
        all.answers === undefined;
      if (!follows) block = { author: message.author, begin };
      const own = message.author === me;
      const isForMe = !own && isMentioned(message.mentions, me);
      rows.push({ kind: "message", ...message, ...all, own, isForMe, first: !follows });
    },
    addChange: (change, { time, sequence }) => {
      block = undefined;
      const lines = above(time, sequence);
      const last = rows.at(-1);
      if (last?.kind === "system" && Object.keys(lines).length === 0) {
        rows[rows.length - 1] = { ...last, changes: [...last.changes, change] };
        return;
      }
      rows.push({
        kind: "system",
        key: `s:${sequence}`,
        sequence,
        time,
        changes: [change],
        ...lines,
      });
    },
  };
}

/** What the controls of a row do; the same functions for all rows of a room, so that rows stay as they are. */
import type { MentionWish } from "@parlance/client";
import { useMemo } from "react";
import type { Chat } from "../chat/chat.ts";
import { useChat } from "../chat/context.ts";
import { peopleOf, wishOf } from "../composer/mentions.ts";
import type { MessageRow } from "./rows.ts";

/** Acts on one row. */
export interface RowActs {
  retry(row: MessageRow): void;
  discard(row: MessageRow): void;
  saveEdit(row: MessageRow, text: string): void;
  stopEdit(row: MessageRow): void;
  undo(row: MessageRow): void;
  retryChange(row: MessageRow): void;
  dropChange(row: MessageRow): void;
  react(row: MessageRow, emoji: string, on: boolean): void;
  /** Goes to the message that this one answers. */
  toQuoted(row: MessageRow): void;
  /** Opens the thread under it; undefined where there is no place for threads. */
  readonly openThread: ((row: MessageRow) => void) | undefined;
  /** Ends an open message. @throws ClientError when the server refuses. */
  cancel(messageId: string): Promise<void>;
}

function wishIn(chat: Chat, id: string, text: string): MentionWish | undefined {
  const room = chat.get().rooms[id];
  return room === undefined ? undefined : wishOf(text, peopleOf(room));
}

/** What rows need of their list. All of it must be stable. */
export interface RowActsHost {
  /** A row is not a field any more. */
  onEdited(row: MessageRow): void;
  readonly onThread: ((message: string) => void) | undefined;
  toMessage(sequence: number): void;
}

/** Acts on the rows of a room. */
export function useRowActs(room: string, { onEdited, onThread, toMessage }: RowActsHost): RowActs {
  const chat = useChat();
  return useMemo(
    () => ({
      retry: (row) => {
        if (row.clientMessageId !== undefined) chat.retry(row.clientMessageId);
      },
      discard: (row) => {
        if (row.clientMessageId !== undefined) chat.discard(room, row.clientMessageId);
      },
      saveEdit: (row, text) => {
        if (row.messageId !== undefined)
          chat.edit(room, row.messageId, text, wishIn(chat, room, text));
        onEdited(row);
      },
      stopEdit: onEdited,
      undo: (row) => {
        if (row.change !== undefined) chat.undo(room, row.change.message);
      },
      retryChange: (row) => {
        if (row.change !== undefined) chat.retryChange(room, row.change.key);
      },
      dropChange: (row) => {
        if (row.change !== undefined) chat.dropChange(room, row.change.key);
      },
      react: (row, emoji, on) => {
        if (row.messageId !== undefined) chat.react(room, row.messageId, emoji, on);
      },
      toQuoted: ({ quote }) => {
        if (quote?.sequence !== undefined) toMessage(quote.sequence);
      },
      openThread:
        onThread === undefined
          ? undefined
          : (row) => {
              if (row.messageId !== undefined) onThread(row.messageId);
            },
      cancel: (messageId) => chat.cancel(room, messageId),
    }),
    [chat, room, onEdited, onThread, toMessage],
  );
}

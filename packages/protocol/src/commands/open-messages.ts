/** Commands of messages that grow: their writer appends and closes, whoever may cancels, readers fetch what they lack. */
import { z } from "zod";
import { commandId, messageRef, openText, roomId, textPosition } from "../fields.ts";
import type { EventId, RoomId } from "../ids.ts";
import type { CommandId } from "./command-id.ts";

/**
 * Appends to an open message. Only for who opened it, and one writer at a time. Answered once it is stored. Text before the
 * length that is there already is a repeat and harmless; `at` beyond it is refused as `conflict` with the `length` that is stored.
 */
export interface AppendText {
  readonly type: "append_text";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
  /** Where in the message this text begins: UTF-16 code units from its beginning. */
  readonly at: number;
  /** May be empty, which only says that the writer is still there. */
  readonly text: string;
}
export interface TextAppended {
  readonly room: RoomId;
  readonly message_id: EventId;
  /** How much of the message is stored, in UTF-16 code units. */
  readonly length: number;
}

/** Ends an open message: what was appended is its text from now on. Only for who opened it; repeating it is harmless. */
export interface CloseMessage {
  readonly type: "close_message";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
  /** The whole length in UTF-16 code units. With another length there it is refused as `conflict`, and stays open. */
  readonly length?: number;
}

/** Ends somebody else's open message, or one's own, before it is done. Its text stays. */
export interface CancelMessage {
  readonly type: "cancel_message";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
}

/** What a message says from a position on: of an open one, what is stored of it. */
export interface GetText {
  readonly type: "get_text";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
  /** UTF-16 code units from the beginning. */
  readonly from: number;
}
export interface TextPage {
  readonly room: RoomId;
  readonly message_id: EventId;
  readonly from: number;
  /** At most 65,536 UTF-16 code units; the rest is asked for from where it ends. */
  readonly text: string;
  /** Of the whole text that there is now. */
  readonly length: number;
  readonly open?: true;
}

const head = { id: commandId, room: roomId, message_id: messageRef };

export const appendText: z.ZodType<AppendText> = z.object({
  type: z.literal("append_text"),
  ...head,
  at: textPosition,
  text: openText,
});

export const closeMessage: z.ZodType<CloseMessage> = z.object({
  type: z.literal("close_message"),
  ...head,
  length: textPosition.exactOptional(),
});

export const cancelMessage: z.ZodType<CancelMessage> = z.object({
  type: z.literal("cancel_message"),
  ...head,
});

export const getText: z.ZodType<GetText> = z.object({
  type: z.literal("get_text"),
  ...head,
  from: textPosition,
});

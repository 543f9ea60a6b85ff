/** Commands of people who write one document together. */
import { z } from "zod";
import type { Json } from "../canonical.ts";
import { clientMessageId, commandId, cursorPosition, documentChanges, roomId } from "../fields.ts";
import type { ClientMessageId, Epoch, RoomId, Sequence } from "../ids.ts";
import type { CommandId } from "./command-id.ts";

/**
 * Writes one change of a document that the room's people edit. The server gives all changes one order and does not
 * understand them. Not countable: nobody has it to read.
 */
export interface EditDocument {
  readonly type: "edit_document";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly client_message_id: ClientMessageId;
  /** A JSON text, at most 64 KiB; kept and delivered to the byte. */
  readonly changes: string;
}
export interface DocumentEdited {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly sequence: Sequence;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly repeated?: boolean;
}

/** Says where the caller's cursor is. Told to the others at most 20 times a second, the latest one wins; not stored. */
export interface Cursor {
  readonly type: "cursor";
  readonly id: CommandId;
  readonly room: RoomId;
  /** Any JSON of at most 4 KiB. */
  readonly position: Json;
}

export const editDocument: z.ZodType<EditDocument> = z.object({
  type: z.literal("edit_document"),
  id: commandId,
  room: roomId,
  client_message_id: clientMessageId,
  changes: documentChanges,
});

export const cursor: z.ZodType<Cursor> = z.object({
  type: z.literal("cursor"),
  id: commandId,
  room: roomId,
  position: cursorPosition,
});

/** Commands of documents: rooms whose log is what people write together, in updates of Yjs. Bytes travel as base64. */
import { z } from "zod";
import { base64, clientMessageId, commandId, roomId } from "../fields.ts";
import type { ClientMessageId, Epoch, RoomId, Sequence } from "../ids.ts";
import { limits } from "../limits.ts";
import type { CommandId } from "./command-id.ts";

/** Asks for what the caller lacks of a document. Whoever wants all that follows subscribes first: what comes twice does no harm. */
export interface SyncDocument {
  readonly type: "sync_document";
  readonly id: CommandId;
  readonly room: RoomId;
  /** What the caller has: a state vector. Absent: nothing. */
  readonly state_vector?: string;
}
export interface DocumentSynced {
  readonly room: RoomId;
  readonly epoch: Epoch;
  /** The update has all that is in the log up to here. */
  readonly sequence: Sequence;
  /** Update of the first encoding. */
  readonly update: string;
  /** Of the document as the server has it: from it the caller tells what the server lacks. */
  readonly state_vector: string;
}

/**
 * Writes to a document. An update that adds nothing is answered and not stored. Updates of one connection that wait for the same
 * commit may become one event.
 */
export interface UpdateDocument {
  readonly type: "update_document";
  readonly id: CommandId;
  readonly room: RoomId;
  /** Update of the first encoding, at most 4 MiB; it stands on nothing that the document does not have. */
  readonly update: string;
  /** With it the update is an event of its own. */
  readonly client_message_id?: ClientMessageId;
}
export interface DocumentUpdated {
  readonly room: RoomId;
  readonly epoch: Epoch;
  /** Place of the event that has it, or up to which the document has it already. */
  readonly sequence: Sequence;
  /** It was there before. */
  readonly repeated?: boolean;
}

const stateVector: z.ZodType<string> = base64(limits.stateVectorBytes);

export const syncDocument: z.ZodType<SyncDocument> = z.object({
  type: z.literal("sync_document"),
  id: commandId,
  room: roomId,
  state_vector: stateVector.exactOptional(),
});

export const updateDocument: z.ZodType<UpdateDocument> = z.object({
  type: z.literal("update_document"),
  id: commandId,
  room: roomId,
  update: base64(limits.documentUpdateBytes),
  client_message_id: clientMessageId.exactOptional(),
});

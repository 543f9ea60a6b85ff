/** Commands of documents: rooms whose log is what people write together, in updates of Yjs. Bytes travel as base64. */
import { z } from "zod";
import { base64, clientMessageId, commandId, roomId, roomTitle, sequence } from "../fields.ts";
import type { ClientMessageId, Epoch, RoomId, Sequence, UserId } from "../ids.ts";
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

/** A state of a document that is kept: now and then by itself, and where somebody gave it a name. */
export interface DocumentVersion {
  /** It says what the log says up to this sequence; names the version. */
  readonly version: Sequence;
  /** When it was kept: ISO 8601, UTC. */
  readonly time: string;
  /** Length of its update. */
  readonly bytes: number;
  /** With a name it is kept for ever; others are thinned. */
  readonly name?: string;
  /** Who named it. */
  readonly author?: UserId;
  readonly author_name?: string;
}

/** What a document said, newest first. */
export interface ListDocumentVersions {
  readonly type: "list_document_versions";
  readonly id: CommandId;
  readonly room: RoomId;
  /** Only those before this one. */
  readonly before?: Sequence;
  /** 1-100, else 50. */
  readonly limit?: number;
}
export interface DocumentVersionList {
  readonly room: RoomId;
  readonly versions: readonly DocumentVersion[];
}

/** Keeps what the document says now, under a name. */
export interface NameDocumentVersion {
  readonly type: "name_document_version";
  readonly id: CommandId;
  readonly room: RoomId;
  /** One line of 1-120 UTF-16 code units. */
  readonly name: string;
}
export interface DocumentVersionNamed extends DocumentVersion {
  readonly room: RoomId;
}

/** Reads what a version says. */
export interface GetDocumentVersion {
  readonly type: "get_document_version";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly version: Sequence;
}
export interface DocumentVersionText extends DocumentVersion {
  readonly room: RoomId;
  /** All of it: an update of the first encoding. */
  readonly update: string;
}

/** Makes the document say what a version says, by an update of the caller's: what came since is undone, and nothing is forgotten. */
export interface RestoreDocument {
  readonly type: "restore_document";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly version: Sequence;
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

const head = { id: commandId, room: roomId };

export const listDocumentVersions: z.ZodType<ListDocumentVersions> = z.object({
  type: z.literal("list_document_versions"),
  ...head,
  before: sequence.exactOptional(),
  limit: z.int().min(1).max(limits.pageVersions).exactOptional(),
});

export const nameDocumentVersion: z.ZodType<NameDocumentVersion> = z.object({
  type: z.literal("name_document_version"),
  ...head,
  name: roomTitle,
});

export const getDocumentVersion: z.ZodType<GetDocumentVersion> = z.object({
  type: z.literal("get_document_version"),
  ...head,
  version: sequence,
});

export const restoreDocument: z.ZodType<RestoreDocument> = z.object({
  type: z.literal("restore_document"),
  ...head,
  version: sequence,
});

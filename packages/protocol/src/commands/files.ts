/** Commands of files: sent in pieces, shared in a room when whole, listed, removed. */
import { z } from "zod";
import {
  clientMessageId,
  commandId,
  fileId,
  mediaType,
  pageLimit,
  roomId,
  sequence,
  sha256,
} from "../fields.ts";
import type { ClientMessageId, Epoch, FileId, RoomId, Sequence, UserId } from "../ids.ts";
import { limits } from "../limits.ts";
import type { CommandId } from "./command-id.ts";

/** Begins to send a file of exactly `bytes` bytes. Nobody sees it before `finish_upload`; it has one hour for that. */
export interface BeginUpload {
  readonly type: "begin_upload";
  readonly id: CommandId;
  readonly room: RoomId;
  /** Any text; what could harm whoever saves the file is taken out of it. */
  readonly name: string;
  readonly bytes: number;
  readonly media_type?: string;
}
export interface UploadBegun {
  /** Also the id of the file that it becomes. */
  readonly upload_id: FileId;
  /** Bytes that one piece may have. */
  readonly piece_bytes: number;
}

/** The next piece. The last one again, with the same content, is answered again and changes nothing. */
export interface UploadPiece {
  readonly type: "upload_piece";
  readonly id: CommandId;
  readonly upload_id: FileId;
  /** 0, 1, 2 … */
  readonly index: number;
  /** Base64 (RFC 4648 §4, padded) of 1-65,536 bytes. */
  readonly content: string;
}
export interface PieceTaken {
  readonly upload_id: FileId;
  /** Bytes received so far. */
  readonly received: number;
}

/** Shares the file: a durable event. Idempotent by `upload_id`. */
export interface FinishUpload {
  readonly type: "finish_upload";
  readonly id: CommandId;
  readonly upload_id: FileId;
  /** If given, the server's own must be the same. */
  readonly sha256?: string;
  readonly client_message_id: ClientMessageId;
}
export interface UploadFinished {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly sequence: Sequence;
  readonly file: FileView;
  /** Present and true when it was shared before. */
  readonly repeated?: boolean;
}

/** A shared file. Its bytes are at `GET /api/v1/files/<file_id>`. */
export interface FileView {
  readonly file_id: FileId;
  readonly room: RoomId;
  /** Of its `file.shared`. */
  readonly sequence: Sequence;
  readonly author: UserId;
  readonly name: string;
  readonly bytes: number;
  readonly media_type: string;
  readonly sha256: string;
  /** ISO 8601, UTC. */
  readonly time: string;
}

/** One shared file, to whoever may read its room. */
export interface GetFile {
  readonly type: "get_file";
  readonly id: CommandId;
  readonly file_id: FileId;
}

/** A room's files, newest first. */
export interface ListFiles {
  readonly type: "list_files";
  readonly id: CommandId;
  readonly room: RoomId;
  /** Those shared before this sequence. */
  readonly before?: Sequence;
  /** 1-200, 50 if absent. */
  readonly limit?: number;
}
export interface FileList {
  readonly room: RoomId;
  readonly files: readonly FileView[];
}

/** Removes a file: its owner, or who looks after the room. A durable event. */
export interface DeleteFile {
  readonly type: "delete_file";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly file_id: FileId;
}
export interface FileDeleted {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly sequence: Sequence;
}

/** Characters of base64 that hold `limits.pieceBytes`. */
const pieceLength = Math.ceil(limits.pieceBytes / 3) * 4;

export const beginUpload: z.ZodType<BeginUpload> = z.object({
  type: z.literal("begin_upload"),
  id: commandId,
  room: roomId,
  name: z.string().max(limits.fileNameLength),
  bytes: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  media_type: mediaType.exactOptional(),
});

export const uploadPiece: z.ZodType<UploadPiece> = z.object({
  type: z.literal("upload_piece"),
  id: commandId,
  upload_id: fileId,
  index: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  content: z
    .string()
    .min(4)
    .max(pieceLength)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/)
    .refine((content) => content.length % 4 === 0, "not base64 with its padding"),
});

export const finishUpload: z.ZodType<FinishUpload> = z.object({
  type: z.literal("finish_upload"),
  id: commandId,
  upload_id: fileId,
  sha256: sha256.exactOptional(),
  client_message_id: clientMessageId,
});

export const getFile: z.ZodType<GetFile> = z.object({
  type: z.literal("get_file"),
  id: commandId,
  file_id: fileId,
});

export const listFiles: z.ZodType<ListFiles> = z.object({
  type: z.literal("list_files"),
  id: commandId,
  room: roomId,
  before: sequence.exactOptional(),
  limit: pageLimit.exactOptional(),
});

export const deleteFile: z.ZodType<DeleteFile> = z.object({
  type: z.literal("delete_file"),
  id: commandId,
  room: roomId,
  file_id: fileId,
});

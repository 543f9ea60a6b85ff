/** Files: sent in pieces, shared in a room when whole, listed, removed. Rights are asked at every step. */
import {
  type Command,
  type FileDeleted,
  type FileId,
  type FileList,
  type FileView,
  limits,
  type PieceTaken,
  ProtocolError,
  type UploadBegun,
  type UploadFinished,
} from "@parlance/protocol";
import { appendIn, authorizeIn, openFor, type Stored, type Wanted } from "../append.ts";
import { backEndMay } from "../authorize.ts";
import { harmlessFileName, harmlessMediaType } from "../file-name.ts";
import type { Files, OpenUpload } from "../files.ts";
import { isStaff } from "../kinds.ts";
import type { SharedFile } from "../ports/index.ts";
import { floorFor } from "../reader-floor.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { openToRead } from "./reading.ts";

/** Files in a listing where the caller does not say. */
const defaultList = 50;
/** What a client is told to wait when it has too many uploads. */
const tooManyRetryMs = 5_000;

/** Begins to take a file. */
export async function beginUpload(
  context: CommandContext,
  command: Command<"begin_upload">,
): Promise<UploadBegun> {
  const files = filesOf(context);
  const { clock, ids } = context.services;
  const room = await openFor(context, "write", command.room);
  await authorizeIn(context, "write", room);
  await mayEnter(context, room);
  const { maxFileBytes, quotaBytes } = files.ports;
  if (command.bytes > maxFileBytes) {
    throw new ProtocolError("too_large", { field: "bytes", limit: maxFileBytes });
  }
  const file = ids.event() as string as FileId;
  const begun = await files.begin({
    file,
    room: command.room,
    owner: context.identity.user,
    name: harmlessFileName(command.name),
    bytes: command.bytes,
    mediaType: harmlessMediaType(command.media_type),
    createdAt: clock.now(),
  });
  switch (begun) {
    case "begun":
      return { upload_id: file, piece_bytes: limits.pieceBytes };
    case "over_quota":
      throw new ProtocolError("storage_full", { limit: quotaBytes });
    case "full":
      throw new ProtocolError("storage_full");
    case "too_many":
      throw new ProtocolError("rate_limited", { retry_after_ms: tooManyRetryMs });
  }
}

/** Takes the next piece. */
export async function uploadPiece(
  context: CommandContext,
  command: Command<"upload_piece">,
): Promise<PieceTaken> {
  const files = filesOf(context);
  const { content, index, upload_id } = command;
  const upload = files.upload(upload_id, context.identity.user);
  if (upload === undefined) throw new ProtocolError("not_found");
  return upload.turns.take(async () => {
    // A step before this one may have ended it.
    if (!files.has(upload)) throw new ProtocolError("not_found");
    await authorizeUpload(context, files, upload);
    const isRepeat = index === upload.next - 1 && content === upload.last;
    if (!isRepeat) await takeNext(files, upload, command);
    return { upload_id, received: upload.received };
  });
}

async function takeNext(
  files: Files,
  upload: OpenUpload,
  { content, index }: Command<"upload_piece">,
): Promise<void> {
  if (index !== upload.next || upload.sha256 !== undefined) {
    throw new ProtocolError("conflict", { field: "index", expected: upload.next });
  }
  const bytes = decodedBytes(content);
  if (upload.received + bytes > upload.file.bytes) {
    await files.abort(upload);
    throw new ProtocolError("too_large", { field: "content", limit: upload.file.bytes });
  }
  await write(files, upload, content);
  upload.received += bytes;
  upload.next += 1;
  upload.last = content;
}

/* What went wrong may have left half a piece, which nothing can follow. */
async function write(files: Files, upload: OpenUpload, content: string): Promise<void> {
  let isWritten = false;
  try {
    isWritten = (await upload.bytes.write(content)) === "written";
  } finally {
    if (!isWritten) await files.abort(upload);
  }
  if (!isWritten) throw new ProtocolError("storage_full");
}

/** Bytes that base64 of a whole number of groups stands for. */
function decodedBytes(content: string): number {
  const padding = content.endsWith("==") ? 2 : content.endsWith("=") ? 1 : 0;
  return (content.length / 4) * 3 - padding;
}

/** Shares a file that was sent whole. */
export async function finishUpload(
  context: CommandContext,
  command: Command<"finish_upload">,
): Promise<UploadFinished> {
  const files = filesOf(context);
  const id = command.upload_id;
  const upload = files.upload(id, context.identity.user);
  const finish = async (): Promise<UploadFinished> => {
    // The answer to a finish that was done may have been lost, with the node too; or another connection was first.
    const before = await files.ports.index.file(id);
    if (before?.file.owner === context.identity.user) {
      if (upload !== undefined) files.shared(upload);
      return repeatedFinish(context, before.file, before.revision);
    }
    if (upload === undefined || !files.has(upload)) throw new ProtocolError("not_found");
    return share(context, command, upload);
  };
  return upload === undefined ? finish() : upload.turns.take(finish);
}

async function share(
  context: CommandContext,
  command: Command<"finish_upload">,
  upload: OpenUpload,
): Promise<UploadFinished> {
  const files = filesOf(context);
  const room = await authorizeUpload(context, files, upload);
  const { file, received } = upload;
  if (received !== file.bytes) {
    throw new ProtocolError("conflict", { field: "bytes", expected: file.bytes, received });
  }
  upload.sha256 ??= await upload.bytes.finish();
  if (command.sha256 !== undefined && command.sha256 !== upload.sha256) {
    await files.abort(upload);
    throw new ProtocolError("conflict", { field: "sha256" });
  }
  const event = sharedEvent(context, upload, upload.sha256);
  const wanted = { event, clientMessageId: command.client_message_id };
  const stored = await appendIn(context, room, wanted, async () => {
    await authorizeUpload(context, files, upload);
  });
  files.shared(upload);
  return finished(stored, { ...file, sequence: stored.sequence, sha256: upload.sha256 });
}

function sharedEvent(context: CommandContext, upload: OpenUpload, sha256: string): Wanted["event"] {
  const { file, name, bytes, mediaType } = upload.file;
  const data = {
    file_id: file,
    name,
    bytes,
    media_type: mediaType,
    sha256,
    author_name: context.identity.name,
  };
  return { type: "file.shared", data };
}

function finished(stored: Stored, file: SharedFile): UploadFinished {
  const { epoch, sequence, time, repeated } = stored;
  return {
    room: file.room,
    epoch,
    sequence,
    file: viewOf({ ...file, createdAt: time }),
    ...(repeated ? { repeated } : {}),
  };
}

async function repeatedFinish(
  context: CommandContext,
  file: SharedFile,
  revision: number,
): Promise<UploadFinished> {
  const { epoch } = await openAsOf(context, file.room, revision);
  return { room: file.room, epoch, sequence: file.sequence, file: viewOf(file), repeated: true };
}

/** The room, where the caller may still write. Whoever may not any more loses the upload. */
async function authorizeUpload(
  context: CommandContext,
  files: Files,
  upload: OpenUpload,
): Promise<Room> {
  try {
    const room = await context.services.rooms.open(upload.file.room);
    await authorizeIn(context, "write", room);
    return room;
  } catch (error) {
    if (error instanceof ProtocolError) await files.abort(upload);
    throw error;
  }
}

/** One shared file. */
export async function getFile(
  context: CommandContext,
  command: Command<"get_file">,
): Promise<FileView> {
  const found = await filesOf(context).ports.index.file(command.file_id);
  if (found === undefined) throw new ProtocolError("not_found");
  const room = await openAsOf(context, found.file.room, found.revision);
  if (!(await isRead(context, room, found.file))) throw new ProtocolError("not_found");
  return viewOf(found.file);
}

/** A room's files, newest first. */
export async function listFiles(
  context: CommandContext,
  command: Command<"list_files">,
): Promise<FileList> {
  const { index } = filesOf(context).ports;
  await openToRead(context, command.room);
  const limit = command.limit ?? defaultList;
  const { files, revision } = await index.files(command.room, command.before, limit);
  const floor = await floorFor(context, await openAsOf(context, command.room, revision));
  const read = files.filter(({ sequence }) => sequence > floor);
  return { room: command.room, files: read.map(viewOf) };
}

/** Whether the caller reads so far back in the room as where the file was shared. The room's picture is for all. */
async function isRead(context: CommandContext, room: Room, file: SharedFile): Promise<boolean> {
  const { avatar } = room.record.settings;
  if (avatar !== undefined && "file" in avatar && avatar.file === file.file) return true;
  return file.sequence > (await floorFor(context, room));
}

/** Removes a file: the event first, then the bytes. What a crash leaves of them is swept. */
export async function deleteFile(
  context: CommandContext,
  command: Command<"delete_file">,
): Promise<FileDeleted> {
  const files = filesOf(context);
  const room = await openToRead(context, command.room);
  const mayDelete = async (): Promise<void> => {
    await authorizeIn(context, "read", room);
    const found = await files.ports.index.file(command.file_id);
    if (found?.file.room !== command.room) throw new ProtocolError("not_found");
    if (!(await isRead(context, room, found.file))) throw new ProtocolError("not_found");
    if (!(await looksAfter(context, room, found.file))) throw new ProtocolError("forbidden");
  };
  await mayDelete();
  const data = { file_id: command.file_id };
  const wanted = { event: { type: "file.deleted", data } } as const;
  const { epoch, sequence } = await appendIn(context, room, wanted, mayDelete);
  try {
    await files.remove(command.file_id);
  } catch (error) {
    // It is deleted; the next sweep tries again.
    context.services.report("warn", "file_remove_failed", { file_id: command.file_id, error });
  }
  return { room: command.room, epoch, sequence };
}

async function looksAfter(context: CommandContext, room: Room, file: SharedFile): Promise<boolean> {
  const { scopes, user } = context.identity;
  if (scopes !== undefined) return backEndMay(scopes, "manage");
  return file.owner === user || isStaff(await room.roles.of(user));
}

/**
 * The room, if the caller may read it.
 *
 * Security: another node may have put the caller out a moment ago. What was read under a newer revision than this
 * node knows is given only after asking again.
 */
async function openAsOf(
  context: CommandContext,
  id: SharedFile["room"],
  revision: number,
): Promise<Room> {
  const room = await openToRead(context, id);
  if (room.revision === revision) return room;
  room.roles.forget();
  await room.caughtUp();
  await authorizeIn(context, "read", room);
  return room;
}

function filesOf(context: CommandContext): Files {
  const { files } = context.services;
  if (files === undefined) throw new ProtocolError("unsupported");
  return files;
}

function viewOf(file: SharedFile): FileView {
  return {
    file_id: file.file,
    room: file.room,
    sequence: file.sequence,
    author: file.owner,
    name: file.name,
    bytes: file.bytes,
    media_type: file.mediaType,
    sha256: file.sha256,
    time: new Date(file.createdAt).toISOString(),
  };
}

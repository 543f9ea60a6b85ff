/** Sends one file to a room, piece by piece, and shares it. */
import type { Client, ClientMessageId, FileId, RoomId } from "@parlance/client";

/** What is told while it goes. */
export interface UploadProgress {
  /** Bytes that the server has. */
  readonly sent: number;
}

/**
 * Resolves when the file is in the room. A piece waits for the answer to the one before it.
 *
 * @param id Makes sharing idempotent.
 * @param signal Ends it between two pieces; the server forgets what it has.
 * @throws ClientError where the server refuses, and DOMException `AbortError` where it was ended.
 */
export async function uploadFile(
  client: Client,
  file: File,
  { room, id, signal, onProgress }: UploadOptions,
): Promise<void> {
  const begun = await client.request<"begin_upload">({
    type: "begin_upload",
    room: room as RoomId,
    name: file.name,
    bytes: file.size,
    ...(isMediaType(file.type) ? { media_type: file.type } : {}),
  });
  const upload_id: FileId = begun.upload_id;
  for (let index = 0; index * begun.piece_bytes < file.size; index += 1) {
    signal.throwIfAborted();
    const start = index * begun.piece_bytes;
    const piece = file.slice(start, start + begun.piece_bytes);
    const content = toBase64(new Uint8Array(await piece.arrayBuffer()));
    const taken = await client.request<"upload_piece">({
      type: "upload_piece",
      upload_id,
      index,
      content,
    });
    onProgress({ sent: taken.received });
  }
  signal.throwIfAborted();
  await client.request<"finish_upload">({
    type: "finish_upload",
    upload_id,
    client_message_id: id as ClientMessageId,
  });
}

/** Where a file goes, and who hears of it. */
export interface UploadOptions {
  readonly room: string;
  readonly id: string;
  readonly signal: AbortSignal;
  onProgress(progress: UploadProgress): void;
}

function isMediaType(type: string): boolean {
  return /^[\w.+-]+\/[\w.+-]+$/.test(type);
}

/** Bytes that one call may take as arguments, below every engine's bound. */
const sliceBytes = 8_192;

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let start = 0; start < bytes.length; start += sliceBytes) {
    binary += String.fromCharCode(...bytes.subarray(start, start + sliceBytes));
  }
  return btoa(binary);
}

/** Documents: what a reader lacks, and updates. */
import {
  type Command,
  type DocumentSynced,
  type DocumentUpdated,
  limits,
  ProtocolError,
  type RoomId,
} from "@parlance/protocol";
import { authorizeIn, openFor } from "../append.ts";
import type { Action } from "../authorize.ts";
import { Pipelined } from "../outcome.ts";
import type { Documents } from "../ports/index.ts";
import type { Room } from "../room.ts";
import type { RoomDocument } from "../room-document.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";

/** An open room that is a document, and what it is read by. */
export interface OpenDocument {
  readonly room: Room;
  readonly document: RoomDocument;
  readonly engine: Documents;
}

/** Tells what the caller lacks: all that was committed before the question, and perhaps more. */
export async function syncDocument(
  context: CommandContext,
  command: Command<"sync_document">,
): Promise<DocumentSynced> {
  const { room, document, engine } = await openDocument(context, "read", command.room);
  const vector = engine.toBytes(command.state_vector ?? "AA==");
  if (vector === undefined) throw new ProtocolError("bad_request", { field: "state_vector" });
  await room.caughtUp();
  // Security: what was caught up with may have ended the caller's right.
  await authorizeIn(context, "read", room);
  return document.read((content, sequence) => {
    const update = content.since(vector);
    if (update === undefined) throw new ProtocolError("bad_request", { field: "state_vector" });
    return {
      room: command.room,
      epoch: room.epoch,
      sequence,
      update: engine.toText(update),
      state_vector: engine.toText(content.vector()),
    };
  });
}

/** Writes to a document; answered when it is committed. */
export async function updateDocument(
  context: CommandContext,
  command: Command<"update_document">,
): Promise<Pipelined<DocumentUpdated>> {
  const { room, engine } = await openDocument(context, "write", command.room);
  const update = engine.toBytes(command.update);
  if (update === undefined || !engine.isUpdate(update))
    throw new ProtocolError("bad_request", { field: "update" });
  if (update.length > limits.documentUpdateBytes) {
    throw new ProtocolError("too_large", { field: "update", limit: limits.documentUpdateBytes });
  }
  const written = room.documentWrites.write(context, update, {
    clientMessageId: command.client_message_id,
  });
  return new Pipelined(
    written.then(({ epoch, sequence, repeated }) => ({
      room: command.room,
      epoch,
      sequence,
      ...(repeated ? { repeated: true } : {}),
    })),
  );
}

/** @throws ProtocolError `bad_request` where the room is one that the caller may see, and no document. */
export async function openDocument(
  context: CommandContext,
  action: Action,
  id: RoomId,
): Promise<OpenDocument> {
  const { documents: engine } = context.services;
  const room = await openFor(context, action, id);
  await authorizeIn(context, action, room);
  await mayEnter(context, room);
  const { document } = room;
  if (document === undefined || engine === undefined) {
    throw new ProtocolError("bad_request", { field: "room" });
  }
  return { room, document, engine };
}

/** What a document said: states that were kept, names for them, and going back. */
import {
  type Command,
  type DocumentUpdated,
  type DocumentVersion,
  type DocumentVersionList,
  type DocumentVersionNamed,
  type DocumentVersionText,
  ProtocolError,
  type RoomId,
  type Sequence,
} from "@parlance/protocol";
import { appendIn, authorizeIn } from "../append.ts";
import { Pipelined } from "../outcome.ts";
import type { DocumentStateRecord, StoredDocumentState } from "../ports/index.ts";
import type { CommandContext } from "../services.ts";
import { openDocument } from "./documents.ts";
import { recheckRead } from "./reading.ts";

/** Versions of a page where the caller does not say. */
const defaultPage = 50;

/** The states of a document that are kept, newest first. */
export async function listDocumentVersions(
  context: CommandContext,
  command: Command<"list_document_versions">,
): Promise<DocumentVersionList> {
  const { room } = await openDocument(context, "read", command.room);
  const { before, limit = defaultPage } = command;
  const { directory } = context.services;
  const records = await directory.documentStates(command.room, before, limit);
  await recheckRead(context, room);
  return { room: command.room, versions: records.map(versionOf) };
}

/** Keeps what the document says now under a name, and says so in its log. */
export async function nameDocumentVersion(
  context: CommandContext,
  command: Command<"name_document_version">,
): Promise<DocumentVersionNamed> {
  const { services, identity } = context;
  const { room, document } = await openDocument(context, "write", command.room);
  const { name } = command;
  await room.caughtUp();
  await authorizeIn(context, "write", room);
  const record = await document.read((content, sequence): StoredDocumentState => {
    const state = content.whole();
    const named = { name, author: identity.user, authorName: identity.name };
    return { sequence, time: services.clock.now(), bytes: state.length, state, named };
  });
  const isNew = await services.directory.putDocumentState(command.room, record, record.sequence);
  if (!isNew) throw new ProtocolError("conflict", { field: "name" });
  document.stored(record.sequence);
  const data = { version: record.sequence, name, by_name: identity.name };
  await appendIn(context, room, { event: { type: "document.named", data } }, (present) =>
    authorizeIn(context, "write", present),
  );
  return { room: command.room, ...versionOf(record) };
}

/** What a version says. */
export async function getDocumentVersion(
  context: CommandContext,
  command: Command<"get_document_version">,
): Promise<DocumentVersionText> {
  const { room, engine } = await openDocument(context, "read", command.room);
  const stored = await stateOf(context, command.room, command.version);
  await recheckRead(context, room);
  return { room: command.room, ...versionOf(stored), update: engine.toText(stored.state) };
}

/** Makes the document say what a version says. */
export async function restoreDocument(
  context: CommandContext,
  command: Command<"restore_document">,
): Promise<Pipelined<DocumentUpdated>> {
  const { room, document, engine } = await openDocument(context, "write", command.room);
  const { state } = await stateOf(context, command.room, command.version);
  await room.caughtUp();
  await authorizeIn(context, "write", room);
  const whole = await document.read((content) => content.whole());
  const update = await engine.revert(whole, state);
  if (update === undefined) throw new ProtocolError("too_large", { field: "version" });
  const written = room.documentWrites.write(context, update, { restored: command.version });
  return new Pipelined(
    written.then(({ epoch, sequence, repeated }) => ({
      room: command.room,
      epoch,
      sequence,
      ...(repeated ? { repeated: true } : {}),
    })),
  );
}

async function stateOf(
  { services }: CommandContext,
  room: RoomId,
  version: Sequence,
): Promise<StoredDocumentState> {
  const stored = await services.directory.documentState(room, version);
  if (stored === undefined) throw new ProtocolError("not_found", { field: "version" });
  return stored;
}

function versionOf({ sequence, time, bytes, named }: DocumentStateRecord): DocumentVersion {
  return {
    version: sequence,
    time: new Date(time).toISOString(),
    bytes,
    ...(named === undefined
      ? {}
      : { name: named.name, author: named.author, author_name: named.authorName }),
  };
}

/**
 * What a document said, as an export has it and an import takes it: the log has it no more where updates were erased. An operator's door.
 *
 * The state that has all erased updates is imported before them, so that nobody ever reads the document without what they said.
 */
import type {
  EventId,
  ImportedDocument,
  ImportedDocumentState,
  RoomId,
  Sequence,
} from "@parlance/protocol";
import type {
  Clock,
  DocumentStates,
  Documents,
  RoomLog,
  StoredDocumentState,
} from "./ports/index.ts";

export interface DocumentLinePorts {
  readonly log: Pick<RoomLog, "open" | "read">;
  readonly directory: DocumentStates;
  readonly clock: Clock;
  readonly documents: Documents;
}

/** How an item stands. */
export type DocumentResult = "taken" | "here" | { readonly why: string };

/** Later than every state: what is imported is stored whatever is there. */
const whatever = Number.MAX_SAFE_INTEGER;

/**
 * The newest kept state of a document before a sequence, as a line. Absent `before`: the newest one. Undefined: there is none.
 *
 * @throws StorageError
 */
export async function exportDocumentState(
  { log, directory, documents }: Pick<DocumentLinePorts, "log" | "directory" | "documents">,
  room: RoomId,
  before: Sequence | undefined,
): Promise<ImportedDocumentState | undefined> {
  for (let below = before; ; ) {
    const [record] = await directory.documentStates(room, below, 1);
    if (record === undefined) return undefined;
    const stored = await directory.documentState(room, record.sequence);
    const id = await idAt(log, room, record.sequence);
    // One may have been thinned out meanwhile.
    if (stored !== undefined && id !== undefined) {
      return lineOf(room, id, stored, documents.toText(stored.state));
    }
    below = record.sequence;
  }
}

function lineOf(
  room: RoomId,
  id: EventId,
  { sequence, time, named }: StoredDocumentState,
  state: string,
): ImportedDocumentState {
  return {
    type: "document_state",
    room,
    sequence,
    id,
    time: new Date(time).toISOString(),
    state,
    ...(named === undefined
      ? {}
      : { named: { name: named.name, author: named.author, author_name: named.authorName } }),
  };
}

/** Takes one item. @throws StorageError */
export async function takeDocument(
  ports: DocumentLinePorts,
  item: ImportedDocument,
): Promise<DocumentResult> {
  const { log, directory, clock } = ports;
  const { room, sequence } = item;
  const record = await log.open(room);
  if (record === undefined) return { why: "there is no such room" };
  if (record.kind !== "document") return { why: "the room is no document" };
  if (item.type === "document_state") return takeState(ports, item, record.head);
  if (record.head < sequence) return { why: `the room's log is at ${record.head}` };
  const [kept] = await directory.documentStates(room, sequence + 1, 1);
  if (kept?.sequence !== sequence) return { why: "the state that has them is not there" };
  const erased = await directory.eraseDocumentUpdates(room, kept.time, clock.now());
  return erased > 0 ? "taken" : "here";
}

/*
 * Security: a state is read in the place of the log that it has. One of another document would put words there that nobody wrote, so it is
 * taken only where the log has come to the same event, or has not begun.
 */
async function takeState(
  { log, directory, documents }: DocumentLinePorts,
  { room, sequence, id, time, state, named }: ImportedDocumentState,
  head: Sequence,
): Promise<DocumentResult> {
  if (head > 0 && head < sequence) return { why: `the room's log is at ${head}` };
  if (head > 0 && (await idAt(log, room, sequence)) !== id) {
    return { why: "another event has its place" };
  }
  const bytes = documents.toBytes(state);
  if (bytes === undefined || !documents.isUpdate(bytes)) return { why: "no state of a document" };
  if (documents.open(undefined).fit(bytes) === "missing") return { why: "a state with gaps" };
  const isNew = await directory.putDocumentState(
    room,
    {
      sequence,
      time: Date.parse(time),
      state: bytes,
      ...(named === undefined
        ? {}
        : { named: { name: named.name, author: named.author, authorName: named.author_name } }),
    },
    whatever,
  );
  return isNew ? "taken" : "here";
}

/** Up to where erased updates are in a state; 0: nowhere. @throws StorageError */
export async function statesReach(directory: DocumentStates, room: RoomId): Promise<Sequence> {
  const [newest] = await directory.documentStates(room, undefined, 1);
  return newest?.sequence ?? 0;
}

async function idAt(
  log: Pick<RoomLog, "read">,
  room: RoomId,
  sequence: Sequence,
): Promise<EventId | undefined> {
  const page = await log.read({ room, after: sequence - 1, upTo: sequence, limit: 1 });
  return page?.events[0]?.frame.id;
}

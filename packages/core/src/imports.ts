/**
 * Taking in what was said elsewhere: users, rooms, and events with the times and authors that they had, and what is beside the log. An operator's door.
 * It goes by the log as everything does, so sequences, chain and projections come by themselves; who has a room open hears of it
 * when its node next compares its place with the log.
 */
import {
  type AnyDurableEvent,
  type ClientMessageId,
  durablePayloadSchemas,
  type EventId,
  type FileId,
  type ImportedDocument,
  type ImportedEvent,
  type ImportedOwn,
  type ImportedRoom,
  type ImportedUser,
  type ImportItem,
  importItemSchema,
  isPlainJson,
  type JsonObject,
  limits,
  type Principal,
  type RoomId,
  type Sequence,
} from "@parlance/protocol";
import { type DocumentLinePorts, statesReach, takeDocument } from "./document-lines.ts";
import { takeOwn } from "./own-state.ts";
import type { Append, Appended, Clock, Directory, FileIndex, RoomLog } from "./ports/index.ts";
import { standInUpdate } from "./room-document.ts";

export interface ImportPorts {
  readonly log: RoomLog;
  readonly directory: Directory;
  /** Absent: events of files are refused. */
  readonly files?: Pick<FileIndex, "begin">;
  readonly clock: Clock;
  readonly documents: DocumentLinePorts["documents"];
}

/** What became of one item. */
export type ImportResult =
  | { readonly outcome: "imported" | "repeated"; readonly sequence?: Sequence }
  | { readonly outcome: "refused"; readonly why: string };

const imported: ImportResult = { outcome: "imported" };
const repeated: ImportResult = { outcome: "repeated" };
const refused = (why: string): ImportResult => ({ outcome: "refused", why });

/** What stands for a text that was erased before it came here, until the event that erased it comes too. */
const erasedText = "…";
/** What an import is, where no author can be taken for who wrote. */
const importer = "service:import" as Principal;

/**
 * Imports items in their order. Events of one room are handed to the log together.
 *
 * @param items As they came: each is looked at here, and a wrong one is refused alone.
 * @param isTrial Looks at them only; what depends on an item before it is not known then.
 * @returns their results, in order.
 * @throws StorageError Some may be done; all of them may be given again.
 */
export async function importItems(
  ports: ImportPorts,
  items: readonly unknown[],
  isTrial = false,
): Promise<readonly ImportResult[]> {
  const read = items.map(readItem);
  if (isTrial) return read.map((item) => (typeof item === "string" ? refused(item) : imported));
  const results: Promise<ImportResult>[] = [];
  const ends = new Map<RoomId, RoomEnd>();
  for (const item of read) {
    if (typeof item === "string") results.push(Promise.resolve(refused(item)));
    else if (item.type === "event") {
      results.push(Promise.resolve((await beginEvent(ports, ends, item)).result));
    } else if (item.type === "user" || item.type === "room") {
      // Events that come behind it may be about it.
      const result = await (item.type === "user" ? takeUser(ports, item) : takeRoom(ports, item));
      results.push(Promise.resolve(result));
    } else {
      // It is about what came before it.
      await Promise.all(results);
      results.push(Promise.resolve(await takeBeside(ports, item)));
    }
  }
  return Promise.all(results);
}

/** @returns why not, in words. */
function readItem(given: unknown): ImportItem | string {
  const parsed = importItemSchema.safeParse(given);
  if (!parsed.success) return "not an item";
  const item = parsed.data;
  if (item.type !== "event" || item.data === undefined) return item;
  if (!isPlainJson(item.data)) return "data that cannot be stored";
  const payload = durablePayloadSchemas[item.event].safeParse(item.data);
  if (!payload.success) return `data that is none of ${item.event}`;
  const { text } = item.data;
  const isLong = typeof text === "string" && text.length > limits.openTextLength;
  // What this version does not know is left out.
  return isLong ? "a text that is too long" : { ...item, data: payload.data as JsonObject };
}

async function takeUser(
  { directory, clock }: ImportPorts,
  user: ImportedUser,
): Promise<ImportResult> {
  if ((await directory.user(user.id)) !== undefined) return repeated;
  await directory.upsertExternal(user.id, user.name, clock.now());
  return imported;
}

async function takeBeside(
  ports: ImportPorts,
  item: ImportedDocument | ImportedOwn,
): Promise<ImportResult> {
  const isDocument = item.type === "document_state" || item.type === "document_erased";
  const result = await (isDocument ? takeDocument(ports, item) : takeOwn(ports, item));
  if (result === "taken") return imported;
  return result === "here" ? repeated : refused(result.why);
}

async function takeRoom({ log, clock }: ImportPorts, item: ImportedRoom): Promise<ImportResult> {
  const { room, kind, title } = item;
  const known = await log.open(room);
  if (known !== undefined) {
    return known.kind === kind ? repeated : refused(`the room is there and is ${known.kind}`);
  }
  await log.open(room, { kind, title, createdAt: clock.now() });
  return imported;
}

/** Where the next event of a room will be, and what became of the one before. */
interface RoomEnd {
  next: Sequence;
  last: Promise<unknown>;
  /** Of a document: up to where it is known that states have what was erased. */
  states: Sequence;
}

/**
 * Hands an event to the log. Waits only where it has to be known what became of it before the next one is handed over: of
 * a sequence that is refused the next one must not take the place.
 *
 * @returns an object, as a promise of a promise is one promise.
 */
async function beginEvent(
  ports: ImportPorts,
  ends: Map<RoomId, RoomEnd>,
  item: ImportedEvent,
): Promise<{ readonly result: ImportResult | Promise<ImportResult> }> {
  const { room, sequence } = item;
  const end = ends.get(room) ?? (await endOf(ports.log, room));
  if (end === undefined) return { result: refused("there is no such room") };
  ends.set(room, end);
  if (sequence !== undefined && sequence < end.next) {
    await end.last;
    return { result: compare(ports.log, item) };
  }
  if (sequence !== undefined && sequence > end.next) {
    return { result: refused(`the room's log is at ${end.next - 1}`) };
  }
  const trouble = await prepare(ports, end, item);
  if (trouble !== undefined) return { result: refused(trouble) };
  const result = append(ports.log, item);
  end.last = result.catch(() => undefined);
  if (sequence === undefined) return { result };
  end.next += 1;
  if (item.event === "message.created") return { result };
  if ((await result).outcome === "refused") ends.delete(room);
  return { result };
}

async function endOf(log: RoomLog, room: RoomId): Promise<RoomEnd | undefined> {
  const record = await log.open(room);
  return record && { next: record.head + 1, last: Promise.resolve(), states: 0 };
}

/** Of an event whose place is taken: whether by itself. */
async function compare(
  log: RoomLog,
  { room, id, sequence = 0 }: ImportedEvent,
): Promise<ImportResult> {
  const page = await log.read({ room, after: sequence - 1, upTo: sequence, limit: 1 });
  const there = page?.events[0]?.frame;
  return there?.id === id
    ? { outcome: "repeated", sequence }
    : refused("another event has its place");
}

async function append(log: RoomLog, item: ImportedEvent): Promise<ImportResult> {
  return resultOf(await log.append(appendOf(item)), item);
}

/** Idempotence is per principal, and an export's keys are unique for those who wrote. Where that is not told, its place is. */
function principalOf({ sequence, author, data }: ImportedEvent): Principal {
  if (sequence === undefined) return importer;
  const by = data?.["published_by"];
  if (typeof by === "string") return by as Principal;
  const isTold = data !== undefined && data["unverified"] === undefined;
  return (isTold ? author : `import:${sequence}`) as Principal;
}

function appendOf(item: ImportedEvent): Append {
  const { room, id, author, time, client_message_id: clientMessageId } = item;
  return {
    room,
    id,
    author,
    principal: principalOf(item),
    time: Date.parse(time),
    ...(clientMessageId === undefined
      ? {}
      : { clientMessageId: clientMessageId as ClientMessageId }),
    event: { type: item.event, data: payloadOf(item) } as Append["event"],
  };
}

function resultOf(appended: Appended, { sequence }: ImportedEvent): ImportResult {
  switch (appended.outcome) {
    case "stored":
      if (sequence !== undefined && appended.sequence !== sequence) {
        return refused(`somebody else writes in the room: it is at ${appended.sequence}`);
      }
      return { outcome: appended.repeated ? "repeated" : "imported", sequence: appended.sequence };
    case "unchanged":
      return repeated;
    case "conflict":
      return refused("something else was imported under its key");
    case "gone":
      return refused("the message that it is about is not there");
    default:
      return refused(appended.outcome);
  }
}

/** The payload, or what stands for one that was erased. */
function payloadOf(item: ImportedEvent): object {
  if (item.data !== undefined) return item.data;
  const said = { text: erasedText, author_name: "" };
  const about = { message_id: item.of as EventId };
  switch (item.event) {
    case "message.created":
      return {
        ...said,
        ...(item.open === undefined ? {} : { open: true }),
        ...(item.thread === undefined ? {} : { thread: item.thread }),
      };
    case "message.edited":
      return { ...about, text: erasedText, editor_name: "" };
    case "message.closed":
      return { ...about, ...said, reason: "done" };
    case "file.shared":
      return {
        file_id: item.of as FileId,
        name: "erased",
        bytes: 1,
        media_type: "application/octet-stream",
        sha256: "0".repeat(64),
        author_name: "",
      };
    case "document.updated":
      return { update: standInUpdate, author_name: "" };
    default:
      return {};
  }
}

/** What has to be there before an event. @returns why it cannot be. */
async function prepare(
  ports: ImportPorts,
  end: RoomEnd,
  item: ImportedEvent,
): Promise<string | undefined> {
  const payload = payloadOf(item) as AnyDurableEvent["data"];
  if (item.erased === true && !isErasable(item))
    return "an erased event of a kind that is never erased";
  if ("update" in payload && payload.update === standInUpdate) {
    const { room, sequence = Number.MAX_SAFE_INTEGER } = item;
    if (end.states < sequence) end.states = await statesReach(ports.directory, room);
    // Without one the document would be read without what it said.
    return end.states < sequence ? "what it said is in no state of the document" : undefined;
  }
  if (item.event === "message.closed" && "reason" in payload && "text" in payload) {
    await end.last;
    return growText(ports.log, item, payload.message_id, payload.text);
  }
  if (item.event !== "file.shared" || !("file_id" in payload) || !("sha256" in payload)) return;
  if (ports.files === undefined) return "no files are taken here";
  const begun = await ports.files.begin(
    {
      file: payload.file_id,
      room: item.room,
      owner: item.author,
      name: payload.name,
      bytes: payload.bytes,
      mediaType: payload.media_type,
      createdAt: Date.parse(item.time),
    },
    { quotaBytes: Number.MAX_SAFE_INTEGER, uploads: Number.MAX_SAFE_INTEGER },
  );
  return begun === "begun" ? undefined : begun;
}

function isErasable({ event, of }: ImportedEvent): boolean {
  if (event === "message.created" || event === "document.updated") return true;
  const isVersion = event === "message.edited" || event === "message.closed";
  return of !== undefined && (isVersion || event === "file.shared");
}

/** The text of a message that grew is stored before it is closed. */
async function growText(
  log: RoomLog,
  { room }: ImportedEvent,
  message: EventId,
  text: string,
): Promise<string | undefined> {
  const open = await log.openText(message, 0, 0);
  // Closed already: the append finds its repeat, or says why not.
  if (open === undefined || open.length >= text.length) return undefined;
  const at = open.length;
  const revision = Number.MAX_SAFE_INTEGER;
  const [grown] = await log.appendTexts([{ message, room, at, text: text.slice(at), revision }]);
  return grown?.outcome === "stored" ? undefined : `its text cannot grow: ${grown?.outcome}`;
}

/**
 * Notices as text: one JSON array of rows, `["c", epoch, [event, …]]`, `["e", event, to, revision]`, `["p", node, people, closing]`,
 * `["w"]`, `["h", head]`, `["n", [room, …]]`, `["o", user, change]`, `["j", user, room, epoch, offset]`, `["a", node, id, question, detail]`,
 * `["t", to, node, id, part, parts, text]`, `["d", user, device, since]`. A row longer than known is read up to what is known, a row of an unknown kind is
 * skipped: so newer nodes may say more. What another node said is checked here and nowhere else: a broker is shared, and what
 * comes from it must not be able to end the process.
 */
import type { CommittedEvent, Notice, Subject } from "@parlance/core";
import {
  type ConnectionId,
  type DurableType,
  durablePayloadSchemas,
  durableTypes,
  type EphemeralEvent,
  type EventFrame,
  ephemeralSchemas,
  fields,
  isPlainJson,
  ownChange,
  type PresentUser,
  presentUser,
  type UserId,
  type WireUser,
} from "@parlance/protocol";

/** Longest lists that are believed: far above what a turn or a room has. */
const maxEvents = 65_536;
const maxPeople = 1_048_576;
const maxIdLength = 256;
/** Of an answer's text; core sends at most 16,384 code units at a time. */
const maxPartLength = 65_536;

/** A frame travels without its room and sequence, which are there anyway. This breaks when an envelope gets a new field. */
type Carried = "type" | "id" | "author" | "time" | "client_message_id" | "data" | "erased";
type KeysOf<T> = T extends unknown ? keyof T : never;
const carriesAll: Exclude<KeysOf<EventFrame>, Carried | "room" | "sequence"> extends never
  ? true
  : false = true;
void carriesAll;

/** One notice as the text of its row. */
export function writeNotice(subject: Subject, notice: Notice): string {
  return JSON.stringify(rowOf(subject, notice));
}

function rowOf(subject: Subject, notice: Notice): readonly unknown[] {
  switch (notice.type) {
    case "committed":
      return ["c", notice.epoch, notice.events.map((event) => eventRow(subject, event))];
    case "ephemeral": {
      const { event, to, revision, except } = notice;
      if (except !== undefined) return ["e", event, to ?? null, revision ?? null, except];
      if (revision !== undefined) return ["e", event, to ?? null, revision];
      return to === undefined ? ["e", event] : ["e", event, to];
    }
    case "present":
      return notice.isClosing === true
        ? ["p", notice.node, notice.users.map(personRow), 1]
        : ["p", notice.node, notice.users.map(personRow)];
    case "who":
      return ["w"];
    case "control":
      return ["h", notice.head];
    case "news":
      return ["n", notice.rooms];
    case "own":
      return ["o", notice.user, notice.change];
    case "joined": {
      const { user, room, position } = notice.fact;
      return ["j", user, room, position.epoch, position.offset];
    }
    case "device":
      return ["d", notice.fact.user, notice.fact.device, notice.fact.since];
    case "ask": {
      const { node, id, question, detail } = notice;
      return detail === undefined ? ["a", node, id, question] : ["a", node, id, question, detail];
    }
    case "told": {
      const { to, node, id, part, parts, text } = notice;
      return ["t", to, node, id, part, parts, text];
    }
    default:
      return notice satisfies never;
  }
}

function eventRow(subject: Subject, event: CommittedEvent): readonly unknown[] {
  const { sequence, revision, countable, frame } = event;
  if (frame === undefined || frame.room !== subject || frame.sequence !== sequence) {
    return [sequence, revision, countable];
  }
  const { type, id, author, time, client_message_id: cid } = frame;
  const payload = "erased" in frame ? 0 : frame.data;
  return [sequence, revision, countable, type, id, author, time, cid ?? 0, payload];
}

/** What somebody says of themselves comes behind what older nodes know. */
function personRow({ id, name, kind, number, ...said }: PresentUser): readonly unknown[] {
  if (Object.keys(said).length > 0) return [id, name, kind, number ?? null, said];
  return number === undefined ? [id, name, kind] : [id, name, kind, number];
}

/** What a text said. */
export interface Read {
  readonly notices: Notice[];
  /** Rows, or frames in them, that are not in order. */
  ignored: number;
  /** Rows of kinds that this version does not know. */
  skipped: number;
}

/** Total: whatever the text is. Events whose frame is not in order stay without it, and are then read from the log. */
export function readNotices(subject: Subject, text: string): Read {
  const read: Read = { notices: [], ignored: 0, skipped: 0 };
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    rows = undefined;
  }
  if (!Array.isArray(rows)) {
    read.ignored += 1;
    return read;
  }
  for (const row of rows as readonly unknown[]) {
    if (!Array.isArray(row) || typeof row[0] !== "string") read.ignored += 1;
    else readRow(subject, row as readonly unknown[], read);
  }
  return read;
}

function readRow(subject: Subject, row: readonly unknown[], read: Read): void {
  const notice = noticeOf(subject, row, read);
  if (notice === "unknown") read.skipped += 1;
  else if (notice === undefined) read.ignored += 1;
  else read.notices.push(notice);
}

function noticeOf(
  subject: Subject,
  row: readonly unknown[],
  read: Read,
): Notice | "unknown" | undefined {
  switch (row[0]) {
    case "c":
      return committedOf(subject, row, read);
    case "e":
      return ephemeralOf(subject, row);
    case "p":
      return presentOf(row);
    case "w":
      return { type: "who" };
    case "h":
      return isSequence(row[1]) ? { type: "control", head: row[1] } : undefined;
    case "n":
      return newsOf(row);
    case "o":
      return ownOf(row);
    case "j":
      return joinedOf(row);
    case "d":
      return deviceOf(row);
    case "a":
      return askOf(row);
    case "t":
      return toldOf(row);
    default:
      return "unknown";
  }
}

function newsOf([, rooms]: readonly unknown[]): Notice | undefined {
  if (!Array.isArray(rooms) || rooms.length > maxEvents) return undefined;
  const parsed = (rooms as readonly unknown[]).map((room) => fields.roomId.safeParse(room));
  return { type: "news", rooms: parsed.flatMap((room) => (room.success ? [room.data] : [])) };
}

function ownOf([, user, change]: readonly unknown[]): Notice | undefined {
  if (!isId(user) || !isPlainJson(change)) return undefined;
  const parsed = ownChange.safeParse(change);
  return parsed.success ? { type: "own", user: user as UserId, change: parsed.data } : undefined;
}

function committedOf(
  subject: Subject,
  [, epochText, rows]: readonly unknown[],
  read: Read,
): Notice | undefined {
  const epoch = fields.epoch.safeParse(epochText);
  if (!epoch.success || !Array.isArray(rows) || rows.length > maxEvents) return undefined;
  const events: CommittedEvent[] = [];
  for (const row of rows as readonly unknown[]) {
    if (!Array.isArray(row)) return undefined;
    // By index, here and below: taking an array apart by pattern costs as much as parsing it.
    const sequence: unknown = row[0];
    const revision: unknown = row[1];
    const countable: unknown = row[2];
    if (!isSequence(sequence) || !isSequence(revision) || !isSequence(countable)) return undefined;
    const frame = row.length === 3 ? undefined : frameOf(subject, sequence, row);
    if (frame === undefined) {
      if (row.length !== 3) read.ignored += 1;
      events.push({ sequence, revision, countable });
    } else events.push({ sequence, frame, revision, countable });
  }
  return { type: "committed", epoch: epoch.data, events };
}

const knownTypes: ReadonlySet<unknown> = new Set(durableTypes);

function frameOf(
  subject: Subject,
  sequence: number,
  row: readonly unknown[],
): EventFrame | undefined {
  const type = row[3] as DurableType;
  const id = row[4];
  const author = row[5];
  const time = row[6];
  const cid = row[7];
  const data = row[8];
  if (!knownTypes.has(type) || !isId(id) || !isId(author) || !isId(time)) return undefined;
  if (cid !== 0 && !isId(cid)) return undefined;
  if (data !== 0 && !isPayload(type, data)) return undefined;
  const room = subject;
  // Written out, since spreading one object into another costs more than the rest of this function.
  const frame =
    cid === 0
      ? data === 0
        ? { type, room, sequence, id, author, time, erased: true }
        : { type, room, sequence, id, author, time, data }
      : data === 0
        ? { type, room, sequence, id, author, time, client_message_id: cid, erased: true }
        : { type, room, sequence, id, author, time, client_message_id: cid, data };
  return frame as unknown as EventFrame;
}

/** By hand for most of the traffic; the schema costs more than everything else on the way. */
function isPayload(type: DurableType, payload: unknown): boolean {
  if (type === "message.created" && typeof payload === "object" && payload !== null) {
    const { text, author_name: name } = payload as { readonly [name: string]: unknown };
    if (typeof text !== "string" || typeof name !== "string") return false;
    let fields = 0;
    for (const _ in payload) fields += 1;
    if (fields === 2) return true;
  }
  return durablePayloadSchemas[type].safeParse(payload).success;
}

function ephemeralOf(
  subject: Subject,
  [, event, to, revision, except]: readonly unknown[],
): Notice | undefined {
  if (typeof event !== "object" || event === null || !isPlainJson(event)) return undefined;
  const { type, room } = event as Partial<EphemeralEvent>;
  if (type === undefined || !Object.hasOwn(ephemeralTypes, type)) return undefined;
  if (room !== subject || !ephemeralSchemas[type].safeParse(event).success) return undefined;
  const notice = {
    type: "ephemeral",
    event: event as unknown as EphemeralEvent,
    ...(isSequence(revision) ? { revision } : {}),
    ...(isId(except) ? { except: except as ConnectionId } : {}),
  } as const;
  if (to === undefined || to === null) return notice;
  return isId(to) ? { ...notice, to: to as UserId } : undefined;
}

/** Of the events that the schemas know, those that nodes tell each other; the others are about one connection. */
const ephemeralTypes: { readonly [T in EphemeralEvent["type"]]: true } = {
  typing: true,
  presence: true,
  read: true,
  cursor: true,
  "document.awareness": true,
  "call.signal": true,
  "message.appended": true,
  whisper: true,
};

const userKinds: ReadonlySet<unknown> = new Set<WireUser["kind"]>([
  "account",
  "guest",
  "external",
  "service",
]);

function presentOf([, node, rows, closing]: readonly unknown[]): Notice | undefined {
  if (!isId(node) || !Array.isArray(rows) || rows.length > maxPeople) return undefined;
  const users: PresentUser[] = [];
  for (const row of rows as readonly unknown[]) {
    if (!Array.isArray(row)) return undefined;
    const [id, name, kind, number, said] = row as readonly unknown[];
    if (!isId(id) || typeof name !== "string" || !userKinds.has(kind)) return undefined;
    if (number !== undefined && number !== null && !isSequence(number)) return undefined;
    const user = { id, name, kind, ...(isSequence(number) ? { number } : {}) } as PresentUser;
    if (typeof said !== "object" || said === null) {
      users.push(user);
      continue;
    }
    // What a newer node says that is not in order here is left out; that somebody is there counts all the same.
    const whole = presentUser.safeParse({ ...said, ...user });
    users.push(whole.success ? whole.data : user);
  }
  return closing === 1
    ? { type: "present", node, users, isClosing: true }
    : { type: "present", node, users };
}

function joinedOf([, user, room, epochText, offset]: readonly unknown[]): Notice | undefined {
  const place = fields.roomId.safeParse(room);
  const epoch = fields.epoch.safeParse(epochText);
  if (!place.success || !epoch.success || !isId(user) || !isSequence(offset)) return undefined;
  const position = { epoch: epoch.data, offset };
  return { type: "joined", fact: { user: user as UserId, room: place.data, position } };
}

function deviceOf([, user, device, since]: readonly unknown[]): Notice | undefined {
  const id = fields.deviceId.safeParse(device);
  if (!isId(user) || !id.success || !isSequence(since)) return undefined;
  return { type: "device", fact: { user: user as UserId, device: id.data, since } };
}

function askOf([, node, id, question, detail]: readonly unknown[]): Notice | undefined {
  if (!isId(node) || !isId(id) || !isId(question)) return undefined;
  if (detail === undefined) return { type: "ask", node, id, question };
  return isPlainJson(detail) ? { type: "ask", node, id, question, detail } : undefined;
}

function toldOf([, to, node, id, part, parts, text]: readonly unknown[]): Notice | undefined {
  if (!isId(to) || !isId(node) || !isId(id) || !isSequence(part) || !isSequence(parts)) {
    return undefined;
  }
  if (typeof text !== "string" || text.length > maxPartLength) return undefined;
  return { type: "told", to, node, id, part, parts, text };
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= maxIdLength;
}

import type {
  ControlEntry,
  ControlFact,
  DraftRecord,
  InviteRecord,
  KeyRecord,
  NewRoom,
  RoomHead,
  RoomRecord,
  SavedPlace,
  ScheduledRecord,
  SessionRecord,
  SharedFile,
  StoredEvent,
  UserRecord,
} from "@parlance/core";
import type {
  Epoch,
  EventFrame,
  EventId,
  FileId,
  InviteId,
  Principal,
  Role,
  RoomId,
  RoomKind,
  RoomSettings,
  UserId,
} from "@parlance/protocol";
import type { KeptRow } from "./keeping.ts";
import type { MemoryThread } from "./threads.ts";

/** A row of a room's log with what only the store knows. */
export interface MemoryEvent extends Omit<StoredEvent, "frame"> {
  /** Another one once the payload is erased. */
  frame: EventFrame;
  readonly principal: Principal;
  readonly time: number;
  /** Undefined where the writer gave no client message id. */
  readonly key: string | undefined;
  /** What a repeat under the same key must equal. */
  readonly body: string;
  /** Undefined once the payload is erased. */
  nonce: Uint8Array | undefined;
  readonly commitment: Uint8Array;
  readonly hash: Uint8Array;
}

export interface MemoryMember {
  readonly user: UserId;
  readonly name: string;
  readonly role: Role;
  readonly joinedSequence: number;
  readMark: number;
  privateMark: number;
  privateCountable: number;
}

export interface MemoryRoom {
  readonly room: RoomId;
  readonly kind: RoomKind;
  title: string;
  settings: RoomSettings;
  readonly epoch: Epoch;
  revision: number;
  countable: number;
  /** The event of sequence n is at n - 1. */
  readonly events: MemoryEvent[];
  readonly byKey: Map<string, MemoryEvent>;
  readonly members: Map<UserId, MemoryMember>;
  /** The newest last, as the next. */
  readonly bans: Map<UserId, MemoryBan>;
  readonly requests: Map<UserId, MemoryRequest>;
}

export interface MemoryBan {
  readonly name: string;
  readonly by: UserId;
  readonly time: number;
  readonly reason?: string;
}

export interface MemoryRequest {
  readonly name: string;
  readonly text?: string;
  readonly askedAt: number;
  readonly refusedAt?: number;
}

/** A file's row: shared ones have a sequence and a hash. */
export interface MemoryFile extends Omit<SharedFile, "sequence" | "sha256"> {
  readonly state: "uploading" | "shared" | "deleted";
  readonly sequence?: number;
  readonly sha256?: string;
}

/** What is stored of an open message. */
export interface MemoryText {
  readonly room: RoomId;
  readonly principal: Principal;
  text: string;
  touchedAt: number;
}

export interface MemoryLease {
  readonly holder: string;
  readonly endsAt: number;
}

export interface MemoryUser extends UserRecord {
  readonly passwordHash?: string;
}

/** Everything that a memory store keeps. */
export interface MemoryState {
  readonly installPart: string;
  readonly rooms: Map<RoomId, MemoryRoom>;
  readonly users: Map<UserId, MemoryUser>;
  readonly sessions: Map<string, SessionRecord>;
  /** Until when each is remembered, in milliseconds since 1970. */
  readonly usedTokens: Map<string, number>;
  readonly keys: Map<string, KeyRecord>;
  readonly control: ControlEntry[];
  /** Message n is at n - 1. */
  readonly messages: EventId[];
  readonly openTexts: Map<EventId, MemoryText>;
  /** By root. */
  readonly threads: Map<EventId, MemoryThread>;
  /** The newest last. */
  readonly invites: Map<InviteId, InviteRecord>;
  readonly saved: KeptRow[];
  readonly drafts: Map<string, { readonly user: UserId; readonly draft: DraftRecord }>;
  readonly scheduled: Map<string, ScheduledRecord>;
  readonly places: SavedPlace[];
  readonly files: Map<FileId, MemoryFile>;
  readonly leases: Map<string, MemoryLease>;
  /** Milliseconds. Of leases and open texts only. */
  readonly now: () => number;
}

export function createState(random: () => number, now: () => number = () => 0): MemoryState {
  return {
    installPart: randomPart(random),
    rooms: new Map(),
    users: new Map(),
    sessions: new Map(),
    usedTokens: new Map(),
    keys: new Map(),
    control: [],
    messages: [],
    openTexts: new Map(),
    threads: new Map(),
    invites: new Map(),
    saved: [],
    drafts: new Map(),
    scheduled: new Map(),
    places: [],
    files: new Map(),
    leases: new Map(),
    now,
  };
}

/** Half of an epoch. */
function randomPart(random: () => number): string {
  return Math.floor(random() * 36 ** 8)
    .toString(36)
    .padStart(8, "0");
}

export function addRoom(
  state: MemoryState,
  room: RoomId,
  { kind, title }: NewRoom,
  random: () => number,
): MemoryRoom {
  const made: MemoryRoom = {
    room,
    kind,
    title,
    settings: {},
    epoch: `${state.installPart}.${randomPart(random)}` as Epoch,
    revision: 0,
    countable: 0,
    events: [],
    byKey: new Map(),
    members: new Map(),
    bans: new Map(),
    requests: new Map(),
  };
  state.rooms.set(room, made);
  return made;
}

export function headOf(room: MemoryRoom): RoomHead {
  const { epoch, events, revision, countable } = room;
  return { epoch, head: events.length, floor: 0, revision, countable };
}

export function recordOf(room: MemoryRoom): RoomRecord {
  const { kind, title, settings, bans } = room;
  return { ...headOf(room), room: room.room, kind, title, settings, hasBans: bans.size > 0 };
}

/** Ascending by title, then id, both by code points as databases compare UTF-8. */
export function byTitle(
  left: Pick<RoomRecord, "title" | "room">,
  right: Pick<RoomRecord, "title" | "room">,
): number {
  return compareText(left.title, right.title) || compareText(left.room, right.room);
}

function compareText(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** Adds an entry to the control log. */
export function addControl(state: MemoryState, fact: ControlFact, time: number): void {
  state.control.push({ sequence: state.control.length + 1, time, fact });
}

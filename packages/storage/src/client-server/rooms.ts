/** Rows of rooms as readers get them. */
import type { RoomHead, RoomRecord } from "@parlance/core";
import type { Epoch, RoomId, RoomKind } from "@parlance/protocol";
import { readSettings } from "../sql/room-settings.ts";
import type { Session } from "./session.ts";

/** The row of `rooms` without its hashes, and the install's half of the epoch in the same state of the database. */
export interface RoomColumns {
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly title: string;
  readonly epochPart: string;
  readonly installPart: Uint8Array;
  readonly head: number;
  readonly floor: number;
  readonly revision: number;
  readonly countable: number;
}

/** With what makes a `RoomRecord` of it. */
export interface RecordColumns extends RoomColumns {
  /** JSON; null where nothing is set. */
  readonly settings: string | null;
  readonly bans: number;
}

/** Columns of `{rooms} r` that make `RoomColumns`. */
export const roomColumns = `r.room, r.kind, r.title, r.epoch_part AS "epochPart", r.head, r.floor, r.revision,
  r.countable, (SELECT value FROM {meta} WHERE name = 'install_part') AS "installPart"`;

/** Columns of `{rooms} r` that make `RecordColumns`. */
export const recordColumns: string = `${roomColumns}, r.settings,
  (SELECT count(*) FROM {bans} b WHERE b.room = r.room) AS bans`;

/** Where a room is, with its epoch put together. */
export function roomHead(row: RoomColumns): RoomHead {
  const { head, floor, revision, countable } = row;
  const installPart = Buffer.from(row.installPart).toString("latin1");
  return { epoch: `${installPart}.${row.epochPart}` as Epoch, head, floor, revision, countable };
}

export function roomRecord(row: RecordColumns): RoomRecord {
  const { room, kind, title } = row;
  const settings = readSettings(row.settings);
  return { ...roomHead(row), room, kind, title, settings, hasBans: row.bans > 0 };
}

export function readRoom(session: Session, room: string): Promise<RecordColumns | undefined> {
  return session.get<RecordColumns>(
    `SELECT ${recordColumns} FROM {rooms} r WHERE r.room = ?`,
    room,
  );
}

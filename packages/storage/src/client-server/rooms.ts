/** Rows of rooms as readers get them. */
import type { RoomHead, RoomRecord } from "@parlance/core";
import type { Epoch, RoomId, RoomKind } from "@parlance/protocol";
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

/** Columns of `{rooms} r` that make `RoomColumns`. */
export const roomColumns = `r.room, r.kind, r.title, r.epoch_part AS "epochPart", r.head, r.floor, r.revision,
  r.countable, (SELECT value FROM {meta} WHERE name = 'install_part') AS "installPart"`;

/** Where a room is, with its epoch put together. */
export function roomHead(row: RoomColumns): RoomHead {
  const { head, floor, revision, countable } = row;
  const installPart = Buffer.from(row.installPart).toString("latin1");
  return { epoch: `${installPart}.${row.epochPart}` as Epoch, head, floor, revision, countable };
}

export function roomRecord(row: RoomColumns): RoomRecord {
  const { room, kind, title } = row;
  return { ...roomHead(row), room, kind, title };
}

export function readRoom(session: Session, room: string): Promise<RoomColumns | undefined> {
  return session.get<RoomColumns>(`SELECT ${roomColumns} FROM {rooms} r WHERE r.room = ?`, room);
}

/** Versions, pins and saved messages in SQL that all engines understand. */
import type { KeptMessage, PinRecord, SavedQuery } from "@parlance/core";
import type { DurablePayloads, EventId, MessageVersion, RoomId, UserId } from "@parlance/protocol";
import { all, type DirectorySteps, first, run, type Steps } from "./statements.ts";

/** Pins of one room: `limits.pins`, which storage threads do not load. */
const maxPins = 100;

/** Why a pin cannot be put on or taken off; undefined if it can. */
export function* pinRefusal(
  room: string,
  id: string,
  on: boolean,
): Steps<"unchanged" | "full" | undefined> {
  const there = yield* first("SELECT 1 AS found FROM {pins} WHERE message_id = ?", id);
  if ((there !== undefined) === on) return "unchanged";
  if (!on) return undefined;
  const row = yield* first<{ pins: number }>(
    "SELECT count(*) AS pins FROM {pins} WHERE room = ?",
    room,
  );
  return Number(row?.pins ?? 0) < maxPins ? undefined : "full";
}

/** Follows one stored pin. */
export function* addPin(
  id: string,
  pin: {
    readonly room: string;
    readonly sequence: number;
    readonly author: string;
    readonly time: number;
  },
): Steps<void> {
  yield* run(
    "INSERT INTO {pins} (message_id, room, sequence, pinned_by, pinned_at) VALUES (?, ?, ?, ?, ?)",
    id,
    pin.room,
    pin.sequence,
    pin.author,
    pin.time,
  );
}

/** A message was deleted: nobody keeps it any more. */
export function* dropKept(id: string): Steps<void> {
  yield* dropPin(id);
  yield* run("DELETE FROM {saved_messages} WHERE message_id = ?", id);
}

/** A pin was taken off. */
export function* dropPin(id: string): Steps<void> {
  yield* run("DELETE FROM {pins} WHERE message_id = ?", id);
}

function pins(room: RoomId): Steps<PinRecord[]> {
  return all<PinRecord>(
    `SELECT message_id AS id, pinned_by AS "by", pinned_at AS time FROM {pins}
     WHERE room = ? ORDER BY sequence DESC`,
    room,
  );
}

interface VersionRow {
  readonly sequence: number;
  readonly time: number;
  readonly payload: string;
}

function* messageVersions(room: RoomId, id: EventId, limit: number): Steps<MessageVersion[]> {
  const rows = yield* all<VersionRow>(
    `SELECT e.sequence, e.time, e.payload FROM {events} e
     JOIN (SELECT sequence FROM {messages} WHERE id = ? UNION
       SELECT sequence FROM {edits} WHERE message_id = ?) v ON v.sequence = e.sequence
     WHERE e.room = ? AND e.payload IS NOT NULL ORDER BY e.sequence DESC LIMIT ?`,
    id,
    id,
    room,
    limit,
  );
  return rows.reverse().flatMap(({ sequence, time, payload }) => {
    const said = JSON.parse(payload) as DurablePayloads["message.created"];
    // What a message that grew began with is no version of it.
    if (said.open === true) return [];
    const { text, data, mentions } = said;
    return [
      {
        sequence,
        time: new Date(time).toISOString(),
        text,
        ...(data === undefined ? {} : { data }),
        ...(mentions === undefined ? {} : { mentions }),
      },
    ];
  });
}

function* save(
  room: RoomId,
  id: EventId,
  person: UserId,
  saved: boolean,
  most: number,
): Steps<boolean> {
  if (!saved) {
    yield* run("DELETE FROM {saved_messages} WHERE person = ? AND message_id = ?", person, id);
    return true;
  }
  const there = yield* first(
    "SELECT 1 AS found FROM {saved_messages} WHERE person = ? AND message_id = ?",
    person,
    id,
  );
  if (there !== undefined) return true;
  const row = yield* first<{ kept: number; last: number | null }>(
    "SELECT count(*) AS kept, max(number) AS last FROM {saved_messages} WHERE person = ?",
    person,
  );
  if (Number(row?.kept ?? 0) >= most) return false;
  yield* run(
    "INSERT INTO {saved_messages} (person, number, message_id, room) VALUES (?, ?, ?, ?)",
    person,
    Number(row?.last ?? 0) + 1,
    id,
    room,
  );
  return true;
}

function savedMessages({ user, before, limit }: SavedQuery): Steps<KeptMessage[]> {
  return all<KeptMessage>(
    `SELECT room, message_id AS id, number FROM {saved_messages}
     WHERE person = ? AND number < ? ORDER BY number DESC LIMIT ?`,
    user,
    before ?? Number.MAX_SAFE_INTEGER,
    limit,
  );
}

export type KeepingReadName = "messageVersions" | "pins" | "savedMessages";
export const keepingReads: DirectorySteps<KeepingReadName> = {
  messageVersions,
  pins,
  savedMessages,
};

export type KeepingWriteName = "saveMessage";
/** Each begins with the room that has to be locked. */
export const keepingWrites: DirectorySteps<KeepingWriteName> = { saveMessage: save };

/** What people prefer, in SQL that all engines understand. */
import type { PreferencesRecord } from "@parlance/core";
import type { OwnPreferences, RoomId, RoomPreferences, UserId } from "@parlance/protocol";
import { applyPreferences } from "@parlance/protocol/changes";
import { all, type DirectorySteps, first, run, type Steps } from "./statements.ts";

interface Row {
  readonly room: RoomId;
  readonly person: UserId;
  readonly value: string;
}

function* preferencesOf(user: UserId, limit: number): Steps<PreferencesRecord[]> {
  const rows = yield* all<Row>(
    "SELECT room, value FROM {preferences} WHERE person = ? ORDER BY room LIMIT ?",
    user,
    limit,
  );
  return rows.map(({ room, value }) => ({ room, preferences: JSON.parse(value) as object }));
}

function* preferencesEverywhere(
  users: readonly UserId[],
): Steps<ReadonlyMap<UserId, OwnPreferences>> {
  if (users.length === 0) return new Map();
  const rows = yield* all<Row>(
    "SELECT person, value FROM {preferences} WHERE room = '' AND person IN (?*)",
    users,
  );
  return new Map(rows.map(({ person, value }) => [person, JSON.parse(value) as OwnPreferences]));
}

function* changePreferences(
  room: RoomId,
  user: UserId,
  changes: object,
): Steps<RoomPreferences | OwnPreferences> {
  const known = yield* first<Row>(
    "SELECT value FROM {preferences} WHERE person = ? AND room = ?",
    user,
    room,
  );
  const before = known === undefined ? {} : (JSON.parse(known.value) as object);
  const after = applyPreferences(before, changes);
  const value = JSON.stringify(after);
  if (Object.keys(after).length === 0) {
    yield* run("DELETE FROM {preferences} WHERE person = ? AND room = ?", user, room);
  } else if (known === undefined) {
    yield* run(
      "INSERT INTO {preferences} (person, room, value) VALUES (?, ?, ?)",
      user,
      room,
      value,
    );
  } else {
    yield* run(
      "UPDATE {preferences} SET value = ? WHERE person = ? AND room = ?",
      value,
      user,
      room,
    );
  }
  return after;
}

export type PreferenceReadName = "preferencesOf" | "preferencesEverywhere";
export const preferenceReads: DirectorySteps<PreferenceReadName> = {
  preferencesOf,
  preferencesEverywhere,
};

export type PreferenceWriteName = "changePreferences";
/** Begins with the room that has to be locked; there is none to lock for what is preferred everywhere. */
export const preferenceWrites: DirectorySteps<PreferenceWriteName> = { changePreferences };

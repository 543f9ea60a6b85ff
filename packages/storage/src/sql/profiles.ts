/** Who people are, in SQL that all engines understand. What changes a profile also tells the control log, which engines write each in their way. */
import type { KeptProfile, KeptProfileChanges, PictureRecord, ProfileRecord } from "@parlance/core";
import type { UserId } from "@parlance/protocol";
import { applyPreferences } from "@parlance/protocol/changes";
import { all, type DirectorySteps, first, run, type Steps } from "./statements.ts";

interface Row {
  readonly id: UserId;
  readonly number: number;
  readonly kind: ProfileRecord["kind"];
  readonly name: string;
  readonly username: string | null;
  readonly profile: string | null;
  readonly seen_at: number | null;
}

const columns = "id, number, kind, name, username, profile, seen_at";

function toRecord({ profile, seen_at: seenAt, username, ...row }: Row): ProfileRecord {
  return {
    ...row,
    ...(username === null ? {} : { username }),
    profile: profile === null ? {} : (JSON.parse(profile) as KeptProfile),
    ...(seenAt === null ? {} : { seenAt }),
  };
}

function* profilesOf(users: readonly UserId[]): Steps<readonly ProfileRecord[]> {
  if (users.length === 0) return [];
  const rows = yield* all<Row>(`SELECT ${columns} FROM {users} WHERE id IN (?*)`, users);
  return rows.map(toRecord);
}

function* shareRoom(one: UserId, other: UserId): Steps<boolean> {
  const row = yield* first(
    `SELECT 1 AS found FROM {members} a JOIN {members} b ON b.room = a.room
     WHERE a.user_id = ? AND b.user_id = ? LIMIT 1`,
    one,
    other,
  );
  return row !== undefined;
}

interface PictureRow {
  readonly media_type: PictureRecord["mediaType"];
  readonly data: string;
}

function* picture(id: string): Steps<PictureRecord | undefined> {
  const row = yield* first<PictureRow>("SELECT media_type, data FROM {pictures} WHERE id = ?", id);
  return row === undefined ? undefined : { id, mediaType: row.media_type, data: row.data };
}

/** `Profiles.changeProfile` without its word to the control log. */
export function* changeProfile(
  user: UserId,
  { name, ...changes }: KeptProfileChanges,
): Steps<ProfileRecord | undefined> {
  // Locks the row on every engine, so that of two changes at once none is lost.
  yield* run("UPDATE {users} SET seen_at = seen_at WHERE id = ?", user);
  const row = yield* first<Row>(`SELECT ${columns} FROM {users} WHERE id = ?`, user);
  if (row === undefined) return undefined;
  const record = toRecord(row);
  const profile: KeptProfile = applyPreferences(record.profile, changes);
  const called = name !== undefined && record.kind !== "external" ? name : record.name;
  const value = Object.keys(profile).length === 0 ? null : JSON.stringify(profile);
  yield* run("UPDATE {users} SET name = ?, profile = ? WHERE id = ?", called, value, user);
  return { ...record, name: called, profile };
}

/** `Profiles.setPicture` without its word to the control log. */
export function* setPicture(
  user: UserId,
  shown: PictureRecord | null,
): Steps<ProfileRecord | undefined> {
  const record = yield* changeProfile(user, { picture: shown?.id ?? null });
  if (record === undefined) return undefined;
  yield* run("DELETE FROM {pictures} WHERE person = ?", user);
  if (shown !== null) {
    yield* run(
      "INSERT INTO {pictures} (id, person, media_type, data) VALUES (?, ?, ?, ?)",
      shown.id,
      user,
      shown.mediaType,
      shown.data,
    );
  }
  return record;
}

/** `Profiles.noteSeen`. */
export function* noteSeen(users: readonly UserId[], at: number): Steps<void> {
  if (users.length === 0) return;
  yield* run(
    "UPDATE {users} SET seen_at = ? WHERE id IN (?*) AND (seen_at IS NULL OR seen_at < ?)",
    at,
    // In one order, so that two nodes do not wait for each other.
    [...users].sort(),
    at,
  );
}

export type ProfileReadName = "profilesOf" | "shareRoom" | "picture";
export const profileReads: DirectorySteps<ProfileReadName> = { profilesOf, shareRoom, picture };

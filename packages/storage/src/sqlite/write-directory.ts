import type {
  KeyRecord,
  Marks,
  NewRoom,
  NewUser,
  SavedPlace,
  SessionRecord,
  TextAppend,
  TextPiece,
  UserRecord,
} from "@parlance/core";
import type { Principal, SessionId, UserId } from "@parlance/protocol";
import { foldLogin } from "../sql/fold.ts";
import { type OwnWriteName, ownWrites } from "../sql/own.ts";
import { writeControl } from "./control-log.ts";
import type { Database } from "./database.ts";
import { toUserRecord, type UserRow, userColumns } from "./read-directory.ts";
import { type AtOnce, atOnce } from "./steps.ts";
import { tokenAsHash } from "./token-hash.ts";
import { createWebhookWrites, type WebhookWrites } from "./webhooks.ts";
import { createFileWrites, type FileWrites } from "./write-files.ts";
import { giveBackLease, takeLease } from "./write-leases.ts";
import { appendTexts } from "./write-open-texts.ts";
import { savePlaces } from "./write-places.ts";
import { createProfileWrites, type ProfileWrites } from "./write-profiles.ts";
import type { RoomWrites } from "./write-rooms.ts";

/** One-time tokens that are over, forgotten in one call: more than the one that comes, so they become fewer. */
const forgottenAtOnce = 100;

/** Every write that is not an append, by name. Called inside the writer's transaction. */
export interface DirectoryWrites
  extends FileWrites,
    WebhookWrites,
    ProfileWrites,
    AtOnce<OwnWriteName> {
  openRoom(room: string, create: NewRoom): void;
  createUser(user: NewUser): UserRecord | "taken";
  upsertExternal(id: UserId, name: string, now: number): UserRecord;
  setPassword(id: UserId, hash: string, exceptSession: SessionId | undefined, now: number): void;
  setDisabled(id: UserId, disabled: boolean, now: number): void;
  setAdmin(id: UserId, isAdmin: boolean, now: number): void;
  setStatus(id: UserId, status: string | null, now: number): void;
  createSession(session: SessionRecord): void;
  revokeSession(id: SessionId, now: number): boolean;
  useTokenOnce(issuer: string, jti: string, expiresAt: number, now: number): boolean;
  createKey(key: Omit<KeyRecord, "revoked">): void;
  revokeKey(id: string, now: number): boolean;
  markRead(room: string, user: string, sequence: number): Marks | undefined;
  markUnread(room: string, user: string, sequence: number): Marks | undefined;
  savePlaces(rows: readonly SavedPlace[]): void;
  appendTexts(pieces: readonly TextPiece[]): TextAppend[];
  takeLease(name: string, holder: string, lifeMs: number): boolean;
  giveBackLease(name: string, holder: string): void;
  forgetCopiedOutbox(numbers: readonly number[]): void;
}

export function createDirectoryWrites(database: Database, rooms: RoomWrites): DirectoryWrites {
  const userRow = (id: string): UserRecord | undefined => {
    const row = database.get<UserRow>(`SELECT ${userColumns} FROM users WHERE id = ?`, id);
    return row === undefined ? undefined : toUserRecord(row);
  };

  /** @param to Where the private mark goes; the public one follows it up only. */
  const moveMarks = (
    room: string,
    user: string,
    to: (mark: number, head: number) => number,
  ): Marks | undefined => {
    rooms.flushMarks();
    const row = rooms.open(room, undefined);
    const marks = database.get<{ public_sequence: number; private_sequence: number }>(
      "SELECT public_sequence, private_sequence FROM read_marks WHERE room = ? AND user = ?",
      room,
      user,
    );
    if (row === undefined || marks === undefined) return undefined;
    const unreadAfter = to(marks.private_sequence, row.head);
    const countable =
      unreadAfter === row.head ? row.countable : countableAt(database, room, unreadAfter);
    const readMark = Math.max(marks.public_sequence, unreadAfter);
    database.run(
      `UPDATE read_marks SET public_sequence = ?, private_sequence = ?, private_countable = ?
       WHERE room = ? AND user = ?`,
      readMark,
      unreadAfter,
      countable,
      room,
      user,
    );
    return { readMark, unreadAfter, unread: row.countable - countable };
  };

  const isTaken = (login: string): boolean =>
    database.get(
      "SELECT 1 FROM users WHERE username_folded = ? OR email_folded = ?",
      login,
      login,
    ) !== undefined;

  const insertUser = (user: Omit<NewUser, "kind"> & { kind: UserRecord["kind"] }): UserRecord => {
    const { username, email } = user;
    database.run(
      `INSERT INTO users (id, kind, name, username, username_folded, email, email_folded, password_hash,
         created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      user.id,
      user.kind,
      user.name,
      username ?? null,
      username === undefined ? null : foldLogin(username),
      email ?? null,
      email === undefined ? null : foldLogin(email),
      user.passwordHash ?? null,
      user.createdAt,
    );
    const made = userRow(user.id);
    if (made === undefined) throw new Error("a user that was just made is not there");
    return made;
  };

  return {
    ...createFileWrites(database),
    ...createWebhookWrites(database),
    ...createProfileWrites(database),
    ...atOnce<AtOnce<OwnWriteName>>(database, ownWrites),

    openRoom: (room, create) => {
      rooms.open(room, create);
    },

    createUser: (user) => {
      if (userRow(user.id) !== undefined) return "taken";
      // User names and e-mails share one name space: signing in takes either.
      for (const login of [user.username, user.email]) {
        if (login !== undefined && isTaken(foldLogin(login))) return "taken";
      }
      return insertUser(user);
    },

    upsertExternal: (id, name, now) => {
      const user = userRow(id);
      if (user === undefined) return insertUser({ id, kind: "external", name, createdAt: now });
      // The name of an account or guest is its own; a token may only name users that tokens made.
      if (user.kind !== "external" || user.name === name) return user;
      database.run("UPDATE users SET name = ? WHERE id = ?", name, id);
      return { ...user, name };
    },

    setPassword: (id, hash, exceptSession, now) => {
      database.run("UPDATE users SET password_hash = ? WHERE id = ?", hash, id);
      database.run("DELETE FROM sessions WHERE user = ? AND id <> ?", id, exceptSession ?? "");
      const kept = exceptSession === undefined ? {} : { exceptSession };
      writeControl(database, { type: "user_signed_out", user: id, ...kept }, now);
    },

    setDisabled: (id, disabled, now) => {
      database.run("UPDATE users SET disabled = ? WHERE id = ?", disabled ? 1 : 0, id);
      if (!disabled) return;
      database.run("DELETE FROM sessions WHERE user = ?", id);
      writeControl(database, { type: "user_disabled", user: id }, now);
    },

    setAdmin: (id, isAdmin, now) => {
      database.run("UPDATE users SET is_admin = ? WHERE id = ?", isAdmin ? 1 : 0, id);
      writeControl(database, { type: "admin_changed", user: id }, now);
    },

    setStatus: (id, status, now) => {
      database.run("UPDATE users SET status = ?, status_at = ? WHERE id = ?", status, now, id);
    },

    createSession: (session) => {
      database.run(
        `INSERT INTO sessions (id, user, secret_hash, device, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?)`,
        session.id,
        session.user,
        session.secretHash,
        session.device ?? null,
        session.createdAt,
        session.expiresAt,
      );
    },

    revokeSession: (id, now) => {
      if (database.run("DELETE FROM sessions WHERE id = ?", id) === 0) return false;
      writeControl(database, { type: "session_revoked", session: id }, now);
      return true;
    },

    useTokenOnce: (issuer, jti, expiresAt, now) => {
      database.run(
        `DELETE FROM used_tokens WHERE (issuer, jti) IN
           (SELECT issuer, jti FROM used_tokens WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
        now,
        forgottenAtOnce,
      );
      // Those that came from another engine are known by their hash only.
      const [hashIssuer, hash] = tokenAsHash(issuer, jti);
      const isUsed = "SELECT 1 FROM used_tokens WHERE issuer = ? AND jti = ?";
      if (database.get(isUsed, hashIssuer, hash) !== undefined) return false;
      const inserted = database.run(
        "INSERT INTO used_tokens (issuer, jti, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        issuer,
        jti,
        expiresAt,
      );
      return inserted > 0;
    },

    createKey: (key) => {
      database.run(
        `INSERT INTO api_keys (id, name, principal, secret_hash, scopes, created_at)
         VALUES (?, ?, ?, ?, ?, ?)`,
        key.id,
        key.name,
        key.principal,
        key.secretHash,
        JSON.stringify(key.scopes),
        key.createdAt,
      );
      if (key.rooms === undefined && key.bot !== true) return;
      database.run(
        "INSERT INTO key_limits (id, rooms, bot) VALUES (?, ?, ?)",
        key.id,
        key.rooms === undefined ? null : JSON.stringify(key.rooms),
        key.bot === true ? 1 : 0,
      );
    },

    revokeKey: (id, now) => {
      const key = database.get<{ principal: Principal }>(
        "SELECT principal FROM api_keys WHERE id = ? AND revoked = 0",
        id,
      );
      if (key === undefined) return false;
      database.run("UPDATE api_keys SET revoked = 1 WHERE id = ?", id);
      writeControl(database, { type: "key_revoked", principal: key.principal }, now);
      return true;
    },

    markRead: (room, user, sequence) =>
      moveMarks(room, user, (mark, head) => Math.max(mark, Math.min(sequence, head))),
    markUnread: (room, user, sequence) => moveMarks(room, user, (mark) => Math.min(mark, sequence)),

    appendTexts: (pieces) => appendTexts(database, pieces),
    savePlaces: (rows) => savePlaces(database, rows),

    takeLease: (name, holder, lifeMs) => takeLease(database, name, holder, lifeMs),
    giveBackLease: (name, holder) => giveBackLease(database, name, holder),

    forgetCopiedOutbox: (numbers) => {
      for (const number of numbers) database.run("DELETE FROM outbox WHERE number = ?", number);
    },
  };
}

function countableAt(database: Database, room: string, sequence: number): number {
  const row = database.get<{ countable: number }>(
    "SELECT countable FROM events WHERE room = ? AND sequence = ?",
    room,
    sequence,
  );
  return row?.countable ?? 0;
}

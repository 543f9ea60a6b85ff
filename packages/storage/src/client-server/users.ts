/** Users, sessions and keys. */
import { createHash } from "node:crypto";
import type { KeyRecord, Keys, NewUser, Sessions, UserRecord, Users } from "@parlance/core";
import type { DeviceId, Principal, SessionId, UserId } from "@parlance/protocol";
import { foldLogin } from "../sql/fold.ts";
import type { Reads, Write } from "./access.ts";
import { writeControl } from "./control-log.ts";
import type { Session } from "./session.ts";
import { loginColumns, tokenColumns, userColumns } from "./tables.ts";

/** One-time tokens that are over, forgotten in one call: more than the one that comes, so they become fewer. */
const forgottenAtOnce = 100;

interface UserRow {
  readonly id: UserId;
  readonly number: number;
  readonly kind: UserRecord["kind"];
  readonly name: string;
  readonly username: string | null;
  readonly email: string | null;
  readonly disabled: number;
  readonly status: string | null;
  readonly is_admin: number;
  readonly created_at: number;
}

const columns =
  "u.id, u.number, u.kind, u.name, u.username, u.email, u.disabled, u.status, u.is_admin, u.created_at";

function toUserRecord(row: UserRow): UserRecord {
  return {
    id: row.id,
    number: row.number,
    kind: row.kind,
    name: row.name,
    ...(row.username === null ? {} : { username: row.username }),
    ...(row.email === null ? {} : { email: row.email }),
    disabled: row.disabled !== 0,
    ...(row.status === null ? {} : { status: row.status }),
    ...(row.is_admin === 0 ? {} : { isAdmin: true as const }),
    createdAt: row.created_at,
  };
}

async function userWhere(
  session: Session,
  condition: string,
  value: string | number,
): Promise<UserRecord | undefined> {
  const row = await session.get<UserRow>(
    `SELECT ${columns} FROM {users} u WHERE ${condition}`,
    value,
  );
  return row === undefined ? undefined : toUserRecord(row);
}

/** Undefined if somebody made it in the meantime. */
async function insertUser(
  session: Session,
  user: Omit<NewUser, "kind"> & { readonly kind: UserRecord["kind"] },
): Promise<UserRecord | undefined> {
  const { id, kind, name, username, email, passwordHash, createdAt } = user;
  const made = await session.insertNew({
    table: "users",
    columns: userColumns,
    rows: [[id, kind, name, username ?? null, email ?? null, passwordHash ?? null, createdAt]],
  });
  return made === 0 ? undefined : userWhere(session, "u.id = ?", id);
}

export function createUsers(reads: Reads, write: Write): Users {
  const upsert = (id: UserId, name: string, now: number): Promise<UserRecord> =>
    write(async (session) => {
      const made = await insertUser(session, { id, kind: "external", name, createdAt: now });
      if (made !== undefined) return made;
      // The name of an account or guest is its own; a token may only name users that tokens made.
      await session.run(
        "UPDATE {users} SET name = ? WHERE id = ? AND kind = 'external' AND name <> ?",
        name,
        id,
        name,
      );
      const user = await userWhere(session, "u.id = ?", id);
      if (user === undefined) throw new Error("a user that was just there is gone");
      return user;
    });

  return {
    user: (id) => reads.each((session) => userWhere(session, "u.id = ?", id)),
    userByNumber: (number) => reads.each((session) => userWhere(session, "u.number = ?", number)),
    userByUsername: (username) =>
      reads.each((session) =>
        userWhere(session, "u.kind = 'account' AND u.username_folded = ?", foldLogin(username)),
      ),

    users: (after, limit) =>
      reads.each(async (session) => {
        const rows = await session.all<UserRow>(
          `SELECT ${columns} FROM {users} u WHERE u.number > ? ORDER BY u.number LIMIT ?`,
          after,
          limit,
        );
        return rows.map(toUserRecord);
      }),

    accountByLogin: (login) =>
      reads.each(async (session) => {
        const row = await session.get<UserRow & { password_hash: string }>(
          `SELECT ${columns}, u.password_hash FROM {logins} l JOIN {users} u ON u.id = l.user_id
           WHERE l.login = ? AND u.password_hash IS NOT NULL`,
          foldLogin(login),
        );
        if (row === undefined) return undefined;
        return { ...toUserRecord(row), passwordHash: row.password_hash };
      }),

    createUser: (user) =>
      write(async (session) => {
        const logins = [user.username, user.email].flatMap((login) =>
          login === undefined ? [] : [foldLogin(login)],
        );
        const own: string[] = [];
        const takeBack = async (): Promise<"taken"> => {
          for (const login of own) await session.run("DELETE FROM {logins} WHERE login = ?", login);
          return "taken";
        };
        // User names and e-mails share one name space: signing in takes either.
        for (const login of new Set(logins)) {
          const isNew = await session.insertNew({
            table: "logins",
            columns: loginColumns,
            rows: [[login, user.id]],
          });
          if (isNew === 0) return takeBack();
          own.push(login);
        }
        const made = await insertUser(session, user);
        if (made === undefined) return takeBack();
        if (user.username === undefined) return made;
        await session.run(
          "UPDATE {users} SET username_folded = ? WHERE id = ?",
          foldLogin(user.username),
          user.id,
        );
        return made;
      }),

    upsertExternal: async (id, name, now) => {
      // Most sign-ins change nothing.
      const known = await reads.each((session) => userWhere(session, "u.id = ?", id));
      if (known !== undefined && (known.kind !== "external" || known.name === name)) return known;
      return upsert(id, name, now);
    },

    setPassword: (id, hash, exceptSession, now) =>
      write(async (session) => {
        await session.run("UPDATE {users} SET password_hash = ? WHERE id = ?", hash, id);
        await session.run(
          "DELETE FROM {sessions} WHERE user_id = ? AND id <> ?",
          id,
          exceptSession ?? "",
        );
        const kept = exceptSession === undefined ? {} : { exceptSession };
        await writeControl(session, { type: "user_signed_out", user: id, ...kept }, now);
      }),

    setDisabled: (id, disabled, now) =>
      write(async (session) => {
        await session.run("UPDATE {users} SET disabled = ? WHERE id = ?", disabled ? 1 : 0, id);
        if (!disabled) return;
        await session.run("DELETE FROM {sessions} WHERE user_id = ?", id);
        await writeControl(session, { type: "user_disabled", user: id }, now);
      }),

    setAdmin: (id, isAdmin, now) =>
      write(async (session) => {
        await session.run("UPDATE {users} SET is_admin = ? WHERE id = ?", isAdmin ? 1 : 0, id);
        await writeControl(session, { type: "admin_changed", user: id }, now);
      }),

    setStatus: (id, status, now) =>
      write(async (session) => {
        await session.run(
          "UPDATE {users} SET status = ?, status_at = ? WHERE id = ?",
          status,
          now,
          id,
        );
      }),
  } satisfies Users;
}

type SessionRow = UserRow & {
  readonly session: SessionId;
  readonly secret_hash: string;
  readonly device: DeviceId | null;
  readonly made_at: number;
  readonly expires_at: number;
};

export function createSessions(reads: Reads, write: Write): Sessions {
  return {
    createSession: (session) =>
      write(async (database) => {
        await database.run(
          `INSERT INTO {sessions} (id, user_id, secret_hash, device, created_at, expires_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
          session.id,
          session.user,
          session.secretHash,
          session.device ?? null,
          session.createdAt,
          session.expiresAt,
        );
      }),

    session: (id) =>
      reads.each(async (database) => {
        const row = await database.get<SessionRow>(
          `SELECT ${columns}, s.id AS session, s.secret_hash, s.device, s.created_at AS made_at,
             s.expires_at
           FROM {sessions} s JOIN {users} u ON u.id = s.user_id
           WHERE s.id = ? AND u.disabled = 0`,
          id,
        );
        if (row === undefined) return undefined;
        return {
          id: row.session,
          user: row.id,
          secretHash: row.secret_hash,
          ...(row.device === null ? {} : { device: row.device }),
          createdAt: row.made_at,
          expiresAt: row.expires_at,
          userRecord: toUserRecord(row),
        };
      }),

    revokeSession: (id, now) =>
      write(async (database) => {
        if ((await database.run("DELETE FROM {sessions} WHERE id = ?", id)) === 0) return false;
        await writeControl(database, { type: "session_revoked", session: id }, now);
        return true;
      }),

    isTokenUsed: (issuer, jti, now) =>
      reads.each(async (database) => {
        const row = await database.get<{ expires_at: number }>(
          "SELECT expires_at FROM {used_tokens} WHERE token_hash = ?",
          tokenHash(issuer, jti),
        );
        return row !== undefined && row.expires_at > now;
      }),

    useTokenOnce: async (issuer, jti, expiresAt, now) => {
      const hash = tokenHash(issuer, jti);
      const over = await reads.each((database) =>
        database.all<{ token_hash: Uint8Array }>(
          "SELECT token_hash FROM {used_tokens} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?",
          now,
          forgottenAtOnce,
        ),
      );
      return write(async (database) => {
        if (over.length > 0) {
          await database.run(
            "DELETE FROM {used_tokens} WHERE token_hash IN (?*) AND expires_at <= ?",
            over.map(({ token_hash }) => token_hash),
            now,
          );
        }
        const used = { table: "used_tokens", columns: tokenColumns, rows: [[hash, expiresAt]] };
        return (await database.insertNew({ ...used, table: "used_tokens" })) > 0;
      });
    },
  } satisfies Sessions;
}

/** As a hash: ids of other people's tokens may be of any length and in any script. */
function tokenHash(issuer: string, jti: string): Uint8Array {
  return createHash("sha256")
    .update(JSON.stringify([issuer, jti]))
    .digest();
}

interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly principal: Principal;
  readonly secret_hash: string;
  readonly scopes: string;
  readonly created_at: number;
  readonly revoked: number;
  readonly rooms: string | null;
  readonly bot: number | null;
}

const keySelect = `SELECT k.id, k.name, k.principal, k.secret_hash, k.scopes, k.created_at, k.revoked, l.rooms, l.bot
  FROM {api_keys} k LEFT JOIN {key_limits} l ON l.id = k.id`;

function toKeyRecord(row: KeyRow): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    principal: row.principal,
    secretHash: row.secret_hash,
    scopes: JSON.parse(row.scopes) as string[],
    createdAt: row.created_at,
    revoked: row.revoked !== 0,
    ...(row.rooms === null ? {} : { rooms: JSON.parse(row.rooms) as string[] }),
    ...(row.bot === 1 ? { bot: true } : {}),
  };
}

export function createKeys(reads: Reads, write: Write): Keys {
  return {
    createKey: (key) =>
      write(async (session) => {
        await session.run(
          `INSERT INTO {api_keys} (id, name, principal, secret_hash, scopes, created_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
          key.id,
          key.name,
          key.principal,
          key.secretHash,
          JSON.stringify(key.scopes),
          key.createdAt,
        );
        if (key.rooms === undefined && key.bot !== true) return;
        await session.run(
          "INSERT INTO {key_limits} (id, rooms, bot) VALUES (?, ?, ?)",
          key.id,
          key.rooms === undefined ? null : JSON.stringify(key.rooms),
          key.bot === true ? 1 : 0,
        );
      }),

    key: (id) =>
      reads.each(async (session) => {
        const row = await session.get<KeyRow>(`${keySelect} WHERE k.id = ?`, id);
        return row === undefined ? undefined : toKeyRecord(row);
      }),

    listKeys: () =>
      reads.each(async (session) => {
        const rows = await session.all<KeyRow>(`${keySelect} ORDER BY k.created_at, k.id`);
        return rows.map(toKeyRecord);
      }),

    revokeKey: (id, now) =>
      write(async (session) => {
        const key = await session.get<{ principal: Principal }>(
          "SELECT principal FROM {api_keys} WHERE id = ? AND revoked = 0",
          id,
        );
        if (key === undefined) return false;
        const changed = await session.run(
          "UPDATE {api_keys} SET revoked = 1 WHERE id = ? AND revoked = 0",
          id,
        );
        if (changed === 0) return false;
        await writeControl(session, { type: "key_revoked", principal: key.principal }, now);
        return true;
      }),
  } satisfies Keys;
}

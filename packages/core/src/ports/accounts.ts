import type { DeviceId, SessionId, UserId } from "@parlance/protocol";
import type { Identity } from "./authenticator.ts";
import type { KeyRecord, UserRecord } from "./directory.ts";

/**
 * Built-in accounts and guests, as the doors that take passwords see them.
 *
 * What comes with an `address` counts against the limit of its network, together with guests and failed tokens that
 * `Authenticator` sees; attempts on one account are limited wherever they come from. Above a limit, every method
 * throws ProtocolError `rate_limited` with `retry_after_ms`.
 */
export interface Accounts {
  /**
   * Makes an account.
   *
   * An e-mail address that belongs to somebody is left out without a word: the answer must not tell who has an
   * account here. Addresses are not verified yet, so nobody signs in with one.
   *
   * @throws ProtocolError `bad_request` (`field` says which) for a name or password that the rules refuse,
   *   `conflict` if the user name is taken, `unavailable` if too many passwords are being hashed.
   */
  createAccount(account: NewAccount): Promise<UserRecord>;
  /**
   * @returns the identity of a new session, with `issuedToken`.
   * @throws ProtocolError `unauthenticated` for an unknown name, a wrong password and a disabled account alike,
   *   after the same time.
   */
  signIn(request: SignInRequest): Promise<Identity>;
  /**
   * Comes in as a guest of that name.
   *
   * @returns the identity of a new session, with `issuedToken`.
   * @throws ProtocolError `forbidden` where guests are not allowed, `bad_request` for a reserved name.
   */
  guest(request: GuestRequest): Promise<Identity>;
  /** Ends one session and everything that lives by it. @returns false if it was over already. */
  signOut(session: SessionId): Promise<boolean>;
  /**
   * Sets a new password and ends all other sessions.
   *
   * @throws ProtocolError `forbidden` if `current` is wrong or the user has no password, `bad_request` if the
   *   rules refuse the new one.
   */
  changePassword(identity: Identity, change: PasswordChange): Promise<void>;
}

export interface NewAccount {
  /** 3-32 of `a-z0-9_.-` after folding to lower case. */
  readonly username: string;
  /** 8-256 characters. */
  readonly password: string;
  /** Display name; the user name if absent. */
  readonly name?: string;
  readonly email?: string;
  /** Where it comes from; absent for operators, who are not limited. */
  readonly address?: string;
}

export interface SignInRequest {
  readonly username: string;
  readonly password: string;
  readonly device?: DeviceId;
  readonly address?: string;
}

export interface GuestRequest {
  readonly name: string;
  readonly device?: DeviceId;
  readonly address?: string;
}

export interface PasswordChange {
  readonly current: string;
  readonly next: string;
}

/**
 * What a key may do: `publish` messages, `read` and list, make `rooms` and manage their members; `admin` is all of
 * that and the operator's routes; `incoming` is good for the address of an incoming webhook and for nothing else.
 */
export type KeyScope = "publish" | "read" | "rooms" | "impersonate" | "admin" | "incoming";

export interface NewKey {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** Patterns of the names of rooms that it is for; absent: all. */
  readonly rooms?: readonly string[];
  /** The user `service:<name>` is a bot, made with this display name if it is not there. */
  readonly bot?: { readonly name: string };
}

/** Keys of back ends and bots. */
export interface ApiKeys {
  /**
   * Makes a key. Its token is told once: only a SHA-256 of the secret is kept.
   *
   * @param key `name` outlives a change of key, since principal and author `service:<name>` are made from it.
   * @throws ProtocolError `bad_request` for the scope `admin` of a bot, or of a key for some rooms.
   */
  createKey(key: NewKey): Promise<{ readonly record: KeyRecord; readonly token: string }>;
  listKeys(): Promise<readonly KeyRecord[]>;
  /** @returns false if there is no such key, or it was revoked before. */
  revokeKey(id: string): Promise<boolean>;
}

/** What operators do to users. */
export interface UserAdmin {
  user(id: UserId): Promise<UserRecord | undefined>;
  /** An account, without regard to case. */
  userByUsername(username: string): Promise<UserRecord | undefined>;
  /** Everybody who was ever seen here, in the order of their numbers; 0 begins. */
  users(after: number, limit: number): Promise<readonly UserRecord[]>;
  /** Disabling ends everything of the user; it cannot sign in again until enabled. */
  setDisabled(id: UserId, disabled: boolean, now: number): Promise<void>;
  /** Makes an administrator of an account, or takes that away, within two seconds on every node. */
  setAdmin(id: UserId, isAdmin: boolean, now: number): Promise<void>;
}

/**
 * From a credential to an identity. What was verified is remembered for a while, so that ten thousand clients
 * that come back at once do no work in the database; the control log says when to forget (`revocations.ts`).
 */
import type {
  Authenticator,
  Clock,
  ControlFact,
  Credential,
  GuestRequest,
  Identity,
  KeyRecord,
  Keys,
  Report,
  RoomLog,
  SessionRecord,
  Sessions,
  Tickets,
  UserRecord,
  Users,
} from "@parlance/core";
import {
  limits,
  type Principal,
  ProtocolError,
  type SessionId,
  type UserId,
} from "@parlance/protocol";
import type { Attempts } from "./attempts.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { Issuer } from "./issuers.ts";
import { type Claims, verifyJwt } from "./jwt.ts";
import { checkDisplayName } from "./names.ts";
import { createRevocations } from "./revocations.ts";
import { matchesHash, splitToken } from "./secrets.ts";
import { numberOf, sessionIdentity } from "./sessions.ts";
import { createTickets, type Subject } from "./tickets.ts";
import { createVouching } from "./vouched.ts";

export interface AuthenticatorOptions {
  readonly log: Pick<RoomLog, "control" | "controlHead">;
  readonly directory: Users & Sessions & Keys;
  readonly clock: Clock;
  readonly report: Report;
  readonly issuers: ReadonlyMap<string | undefined, Issuer>;
  /** What tickets are signed with, as `IdentityOptions.secrets`. */
  readonly secrets: readonly string[];
  readonly attempts: Attempts;
  readonly admitGuest: (guest: GuestRequest) => Promise<Identity>;
}

/**
 * How long a one-time token is remembered after it is over, so that a clock that is set back, or runs behind on
 * another node, does not make it good again.
 */
const rememberedAfterMs = 300_000;

/** Entries of each cache. A node is built for this many connections; a few hundred bytes each. */
const remembered = 20_000;

type LiveSession = SessionRecord & { readonly userRecord: UserRecord };

export function createAuthenticator(options: AuthenticatorOptions): {
  readonly authenticator: Authenticator;
  readonly tickets: Tickets;
  /** Something was revoked on this node: forget before the next answer. */
  readonly revoked: () => void;
} {
  const { directory, clock, attempts } = options;
  const users = new BoundedCache<UserId, UserRecord>(remembered);
  const sessions = new BoundedCache<SessionId, LiveSession>(remembered);
  const keys = new BoundedCache<string, KeyRecord>(remembered);

  const forget = (fact: ControlFact): void => {
    switch (fact.type) {
      case "session_revoked":
        sessions.delete(fact.session as SessionId);
        return;
      case "user_signed_out":
        sessions.deleteWhere((session) => session.user === fact.user);
        return;
      case "user_disabled":
        keys.deleteWhere((key) => key.principal === (fact.user as string));
        users.delete(fact.user);
        sessions.deleteWhere((session) => session.user === fact.user);
        return;
      case "profile_changed":
        if (fact.renamed !== true) return;
        users.delete(fact.user);
        sessions.deleteWhere((session) => session.user === fact.user);
        return;
      case "admin_changed":
        sessions.deleteWhere((session) => session.user === fact.user);
        return;
      case "key_revoked":
        keys.deleteWhere((key) => key.principal === fact.principal);
        return;
      case "member_ended":
      case "message_erased":
        return;
      default:
        fact satisfies never;
    }
  };
  const revocations = createRevocations(options.log, clock, forget);

  /** Reads through a cache, without keeping what a revocation may have overtaken. */
  async function recall<K, V>(
    cache: BoundedCache<K, V>,
    key: K,
    read: () => Promise<V | undefined>,
  ): Promise<V | undefined> {
    const place = await revocations.catchUp();
    const known = cache.get(key);
    if (known !== undefined) return known;
    const found = await read();
    if (found !== undefined && revocations.place() === place) cache.set(key, found);
    return found;
  }

  function liveSession(id: SessionId, address?: string): Promise<LiveSession | undefined> {
    return recall(sessions, id, () => {
      attempts.checkNetwork(address);
      return directory.session(id);
    });
  }

  function knownKey(id: string, address?: string): Promise<KeyRecord | undefined> {
    return recall(keys, id, () => {
      attempts.checkNetwork(address);
      return directory.key(id);
    });
  }

  async function bySession(token: string, address: string | undefined): Promise<Identity> {
    const parts = splitToken("pls", token);
    if (parts === undefined) throw new ProtocolError("unauthenticated");
    const session = await liveSession(parts.id as SessionId, address);
    if (session === undefined || !matchesHash(parts.secret, session.secretHash)) {
      throw new ProtocolError("unauthenticated");
    }
    if (session.expiresAt <= clock.now()) throw new ProtocolError("token_expired");
    return sessionIdentity(session.userRecord, session);
  }

  async function byKey(
    token: string,
    address: string | undefined,
    ofIncoming: boolean,
  ): Promise<Identity> {
    const parts = splitToken("plk", token);
    if (parts === undefined) throw new ProtocolError("unauthenticated");
    const key = await knownKey(parts.id, address);
    if (key === undefined || key.revoked || !matchesHash(parts.secret, key.secretHash)) {
      throw new ProtocolError("unauthenticated");
    }
    // Security: the address of an incoming webhook is written into configurations and chats.
    if (key.scopes.includes("incoming") !== ofIncoming) throw new ProtocolError("unauthenticated");
    return ofKey(key);
  }

  /** A bot comes with the name of its user, and not at all where an operator disabled that. */
  async function ofKey(key: KeyRecord): Promise<Identity> {
    const identity = keyIdentity(key);
    if (key.bot !== true) return identity;
    const user = await knownUser(identity.user);
    if (user === undefined || user.disabled) throw new ProtocolError("banned");
    return { ...identity, name: user.name };
  }

  /** Disabled ones are not remembered. */
  function knownUser(id: UserId): Promise<UserRecord | undefined> {
    return recall(users, id, async () => {
      const found = await directory.user(id);
      return found?.disabled === true ? undefined : found;
    });
  }

  async function byJwt(token: string, mustBeKnown: boolean): Promise<Identity> {
    const claims = await verifyJwt(token, options.issuers, clock.now());
    if (claims.scopes !== undefined) {
      await useOnce(claims);
      const principal = claims.user as string as Principal;
      const name = claims.name ?? claims.user.slice("service:".length);
      const identity = serviceIdentity(name, principal, claims.scopes);
      return { ...identity, expiresAt: claims.expiresAt };
    }
    const user = await externalUser(claims, mustBeKnown);
    if (user.disabled) throw new ProtocolError("banned");
    await useOnce(claims);
    return {
      user: user.id,
      name: user.name,
      kind: user.kind,
      ...numbered(user, claims),
      principal: user.id as string as Principal,
      expiresAt: claims.expiresAt,
      ...(claims.tokenId === undefined ? {} : { tokenId: claims.tokenId }),
    };
  }

  /** Makes or renames the token's user where it has to be; a built-in account keeps the name that it chose. */
  async function externalUser(claims: Claims, mustBeKnown: boolean): Promise<UserRecord> {
    const { user: id, name } = claims;
    const known = await knownUser(id);
    if (known !== undefined && (known.kind !== "external" || name === undefined)) return known;
    if (known !== undefined && known.name === name) return known;
    const found = known ?? (await directory.user(id));
    if (found?.disabled === true) return found;
    if (found === undefined && mustBeKnown) throw new ProtocolError("unauthenticated");
    const fallback = id.slice(0, limits.nameLength);
    const stored = await directory.upsertExternal(id, name ?? fallback, clock.now());
    users.delete(id);
    return stored;
  }

  async function useOnce(claims: Claims): Promise<void> {
    if (claims.useOnce === undefined) return;
    const { issuer, useOnce: id, expiresAt } = claims;
    const until = expiresAt + rememberedAfterMs;
    const isFirst = await directory.useTokenOnce(issuer, id, until, clock.now());
    if (!isFirst) throw new ProtocolError("unauthenticated");
  }

  async function bySubject(subject: Subject): Promise<Identity> {
    if ("session" in subject) {
      const session = await liveSession(subject.session as SessionId);
      if (session === undefined || session.expiresAt <= clock.now()) {
        throw new ProtocolError("unauthenticated");
      }
      return sessionIdentity(session.userRecord, session);
    }
    if ("key" in subject) {
      const key = await knownKey(subject.key);
      if (key === undefined || key.revoked) throw new ProtocolError("unauthenticated");
      return ofKey(key);
    }
    const { claims } = subject;
    const { expiresAt = Number.POSITIVE_INFINITY, user: id } = claims;
    if (expiresAt <= clock.now()) throw new ProtocolError("unauthenticated");
    if (claims.kind === "service") return claims;
    const user = await knownUser(id);
    if (user === undefined || user.disabled) throw new ProtocolError("unauthenticated");
    return { ...claims, name: user.name };
  }

  async function byToken({
    token,
    address,
    mustBeKnown,
    ofIncoming,
  }: Extract<Credential, { readonly token: string }>): Promise<Identity> {
    if (token.length > limits.tokenLength) throw new ProtocolError("unauthenticated");
    if (token.startsWith("plk_")) return byKey(token, address, ofIncoming === true);
    if (ofIncoming === true) throw new ProtocolError("unauthenticated");
    if (token.startsWith("pls_")) return bySession(token, address);
    return byJwt(token, mustBeKnown === true);
  }

  /**
   * Above the limit of failures, what needs no look-up still comes in (a signature, somebody known here): others
   * behind one address must not be locked out by a neighbour who guesses.
   */
  async function authenticate(credential: Credential): Promise<Identity> {
    const { device, address } = credential;
    if ("guest" in credential) {
      return options.admitGuest({
        name: credential.guest.name,
        ...(device === undefined ? {} : { device }),
        ...(address === undefined ? {} : { address }),
      });
    }
    if ("vouched" in credential) return vouched(credential);
    try {
      if ("ticket" in credential) return await tickets.redeem(credential);
      return await byToken(credential);
    } catch (error) {
      if (error instanceof ProtocolError && error.code === "unauthenticated") {
        attempts.countNetwork(address);
      }
      throw error;
    }
  }

  const tickets = createTickets({
    clock,
    secrets: options.secrets,
    directory,
    report: options.report,
    identityOf: bySubject,
  });
  const vouched = createVouching(directory, clock);
  const authenticator: Authenticator = {
    authenticate,
    checkName: (name) => {
      checkDisplayName(name);
    },
  };
  return { authenticator, tickets, revoked: () => revocations.expire() };
}

function keyIdentity({ id, name, principal, scopes, rooms }: KeyRecord): Identity {
  const limited = rooms === undefined ? {} : { rooms };
  return { ...serviceIdentity(name, principal, scopes), key: id, ...limited };
}

/** A built-in user's number is the directory's; anybody else's the one that its issuer knows it by, if that is one. */
function numbered(user: UserRecord, claims: Claims): { number?: number } {
  if (user.kind !== "external") return numberOf(user);
  return claims.number === undefined ? {} : { number: claims.number };
}

function serviceIdentity(name: string, principal: Principal, scopes: readonly string[]): Identity {
  return {
    user: principal as string as UserId,
    name,
    kind: "service",
    principal,
    scopes,
  };
}

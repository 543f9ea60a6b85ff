/**
 * Connection tickets (`Tickets` of core). The text is signed and says everything that has to be known of it: which
 * rooms, until when it may be used for the first time, and whom it speaks for - as a name to be looked up (a session,
 * a key, a user), so that it ends with what asked for it. Who uses it at the moment is in this node's memory.
 *
 * Its client may come back to another node. So in each five minutes of its use a row is written into the table of used
 * tokens, and a ticket that has one of this or the last five minutes is good at every node. After a restart of all nodes the
 * clients of all streams come back at once, however long that took. So the first use is written there as well, for a day, and
 * for as long as a ticket would have lasted without its stream, a node that has just started takes those that are in
 * there. A ticket that nobody ever used stays over, restart or not.
 */
import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock, Credential, Identity, Report, Sessions, Tickets, Timer } from "@parlance/core";
import { type Principal, ProtocolError, type RoomId, type UserId } from "@parlance/protocol";

/** From its making to its first use. Milliseconds. */
export const openWithinMs: number = 60_000;
/** From the end of its last connection, and up to twice as long. Longer than a restart takes, or a train in a tunnel. Milliseconds. */
export const reopenWithinMs: number = 300_000;
/** How long its first use is on record, so how old it may be when the server restarts. Milliseconds. */
export const recordedMs: number = 86_400_000;

/** Tickets without a connection that are kept in memory; those used longest ago are forgotten first. */
const maxIdle = 100_000;
const maxLength = 4_096;
const prefix = "plt_";
/** Names our rows among those of the issuers of one-time tokens, whose names are configured. */
const recordedAs = "parlance:tickets";
/** How often the uses of tickets with an open connection are written, where one is due. */
const renewMs = 60_000;
/** Of those, so many at once. */
const renewedAtOnce = 16;

/** Whom a ticket speaks for. */
export type Subject =
  | { readonly session: string }
  | { readonly key: string }
  /** Of a token that is not looked up: what it said. */
  | {
      readonly claims: Pick<
        Identity,
        "user" | "name" | "kind" | "principal" | "scopes" | "number" | "tokenId" | "expiresAt"
      >;
    };

interface Signed {
  readonly id: string;
  /** Until when it may be used for the first time. Milliseconds since 1970. */
  readonly until: number;
  readonly rooms: string;
  readonly subject: Subject;
}

export interface TicketsOptions {
  readonly clock: Clock;
  /** The install's own: the first signs, all verify. */
  readonly secrets: readonly string[];
  readonly directory: Pick<Sessions, "useTokenOnce" | "isTokenUsed">;
  readonly report: Report;
  /** Who a subject is now. @throws ProtocolError if it is over. */
  readonly identityOf: (subject: Subject) => Promise<Identity>;
}

type TicketCredential = Extract<Credential, { readonly ticket: string }>;

/** What makes tickets, and takes them. */
export interface TicketOffice extends Tickets {
  /** @throws ProtocolError `unauthenticated` for anything that is not good for just these rooms, now. */
  redeem(credential: TicketCredential): Promise<Identity>;
}

export function createTickets(options: TicketsOptions): TicketOffice {
  const { clock, directory } = options;
  const keys = options.secrets.map(ticketKey);
  const startedAt = clock.monotonic();
  /** How many connections each has that is in use: no more than there are connections. */
  const open = new Map<string, number>();
  /** Until when the others are good, the one used last at the end. Monotonic milliseconds. */
  const idle = new Map<string, number>();

  const touch = (id: string): void => {
    const now = clock.monotonic();
    idle.delete(id);
    idle.set(id, now + reopenWithinMs);
    for (const [oldest, goodUntil] of idle) {
      if (goodUntil > now && idle.size <= maxIdle) return;
      idle.delete(oldest);
      if (!open.has(oldest)) writtenIn.delete(oldest);
    }
  };

  /** The five minutes in which the use of a ticket was written last. */
  const writtenIn = new Map<string, number>();
  let renewal: Timer | undefined;

  const period = (): number => Math.floor(clock.now() / reopenWithinMs);

  async function write(id: string): Promise<void> {
    const current = period();
    if (writtenIn.get(id) === current) return;
    const before = writtenIn.get(id);
    writtenIn.set(id, current);
    try {
      const over = (current + 3) * reopenWithinMs;
      await directory.useTokenOnce(recordedAs, `${id}/${current}`, over, clock.now());
    } catch (error) {
      if (before === undefined) writtenIn.delete(id);
      else writtenIn.set(id, before);
      throw error;
    }
  }

  async function renew(): Promise<void> {
    const ids = [...open.keys()];
    for (let from = 0; from < ids.length; from += renewedAtOnce) {
      await Promise.all(ids.slice(from, from + renewedAtOnce).map(write));
    }
  }

  const { report } = options;
  const tellFailure = (error: unknown): void => report("warn", "ticket_use_not_written", { error });

  /** While there are open connections. What could not be written is tried again in a minute. */
  function renewLater(): void {
    renewal ??= clock.after(renewMs, () => {
      renewal = undefined;
      if (open.size === 0) return;
      renewLater();
      renew().catch(tellFailure);
    });
  }

  async function wasUsedAnywhere(id: string): Promise<boolean> {
    const now = clock.now();
    for (const place of [period(), period() - 1]) {
      if (await directory.isTokenUsed(recordedAs, `${id}/${place}`, now)) return true;
    }
    const hasJustStarted = clock.monotonic() - startedAt <= reopenWithinMs;
    return hasJustStarted && (await directory.isTokenUsed(recordedAs, id, now));
  }

  async function isGood({ id, until }: Signed): Promise<boolean> {
    if (open.has(id)) return true;
    const goodUntil = idle.get(id);
    if (goodUntil !== undefined && goodUntil > clock.monotonic()) return true;
    const now = clock.now();
    if (now <= until) {
      await directory.useTokenOnce(recordedAs, id, until + recordedMs, now);
      return true;
    }
    return wasUsedAnywhere(id);
  }

  return {
    issue(identity, rooms) {
      const expiresAt = Math.min(
        clock.now() + openWithinMs,
        identity.expiresAt ?? Number.POSITIVE_INFINITY,
      );
      const signed: Signed = {
        id: randomBytes(10).toString("hex"),
        until: expiresAt,
        rooms: hashOf(rooms),
        subject: subjectOf(identity),
      };
      const body = Buffer.from(JSON.stringify(signed)).toString("base64url");
      const [key] = keys;
      if (key === undefined) throw new Error("no secret to sign tickets with");
      return { text: `${prefix}${body}.${sign(body, key).toString("base64url")}`, expiresAt };
    },

    async redeem({ ticket, rooms }) {
      const signed = verify(ticket, keys);
      if (signed === undefined || signed.rooms !== hashOf(rooms)) {
        throw new ProtocolError("unauthenticated");
      }
      const identity = await options.identityOf(signed.subject);
      if (!(await isGood(signed))) throw new ProtocolError("unauthenticated");
      // Of use to other nodes only; what fails is made up for while the connection is open.
      await write(signed.id).catch(tellFailure);
      touch(signed.id);
      return identity;
    },

    hold(ticket) {
      const id = verify(ticket, keys)?.id;
      if (id === undefined) return () => {};
      open.set(id, (open.get(id) ?? 0) + 1);
      renewLater();
      return () => {
        const left = (open.get(id) ?? 1) - 1;
        if (left > 0) open.set(id, left);
        else open.delete(id);
        touch(id);
      };
    },
  };
}

function subjectOf(identity: Identity): Subject {
  const { session, key, user, name, kind, principal, scopes, number, tokenId, expiresAt } =
    identity;
  if (identity.isAnonymous === true) throw new ProtocolError("forbidden");
  if (session !== undefined) return { session };
  if (key !== undefined) return { key };
  return {
    claims: {
      user: user as UserId,
      name,
      kind,
      principal: principal as Principal,
      ...(scopes === undefined ? {} : { scopes }),
      ...(number === undefined ? {} : { number }),
      ...(tokenId === undefined ? {} : { tokenId }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    },
  };
}

/** Not the secret itself, which signs JWTs: what signs one may never be taken for the other. */
function ticketKey(secret: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", "parlance connection tickets 1", 32));
}

function sign(body: string, key: Buffer): Buffer {
  return createHmac("sha256", key).update(body).digest();
}

/** Whatever order they are asked for in. */
function hashOf(rooms: readonly RoomId[]): string {
  const list = [...new Set(rooms)].toSorted().join("\n");
  return createHash("sha256").update(list).digest("base64url").slice(0, 22);
}

/** Undefined for whatever we have not signed ourselves. */
function verify(ticket: string, keys: readonly Buffer[]): Signed | undefined {
  if (!ticket.startsWith(prefix) || ticket.length > maxLength) return undefined;
  const [body = "", mac = "", ...more] = ticket.slice(prefix.length).split(".");
  const given = Buffer.from(mac, "base64url");
  const isOurs = keys.some((key) => {
    const right = sign(body, key);
    return given.length === right.length && timingSafeEqual(given, right);
  });
  if (!isOurs || more.length > 0) return undefined;
  return JSON.parse(Buffer.from(body, "base64url").toString()) as Signed;
}

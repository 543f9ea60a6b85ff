/**
 * Whose connection it is, for dialects whose clients carry no credential of ours. Five ways, in this order; the first
 * that gives an answer binds the connection.
 */
import {
  type DeviceId,
  limits,
  type Principal,
  ProtocolError,
  type UserId,
} from "@parlance/protocol";
import { relevantRole } from "../append.ts";
import { allows } from "../authorize.ts";
import type { Connection } from "../connection.ts";
import { Together } from "../outcome.ts";
import { KeptPlaces } from "../places.ts";
import type { Entry, Identity, Proof } from "../ports/index.ts";
import type { Services } from "../services.ts";
import type { Subscription } from "../subscription.ts";

/** How long the connection that uses an exclusive token already has to give a sign of life. */
const lifeSignMs = 2_000;

/** Binds the connection to whoever the entry and its handshake speak for. */
export async function enter(
  services: Services,
  connection: Connection,
  entry: Entry,
): Promise<Together<Record<string, never>>> {
  if (entry.signed !== undefined) mustBeSigned(services, entry.signed.proof);
  const present = connection.identity;
  if (present !== undefined && present.isAnonymous !== true) {
    return again(services, connection, entry, present);
  }
  connection.beginVerifying();
  try {
    const identity = await identify(services, connection, entry);
    await services.people.know(identity);
    if (entry.exclusive === true) await mustBeFree(services, connection, identity);
    const places = await placesOf(services, connection, entry, identity);
    if (entry.signed !== undefined && present !== undefined) {
      return await readingOn(services, connection, identity, places);
    }
    return new Together(
      () => {
        connection.become(identity, undefined);
        connection.places = places;
        if (identity.isAnonymous === true && entry.awaitsSignInMs !== undefined) {
          connection.awaitSignIn(entry.awaitsSignInMs);
        }
        if (entry.ticket !== undefined) {
          connection.letGoOfTicket = services.tickets?.hold(entry.ticket.text);
        }
        return {};
      },
      () => {},
    );
  } catch (error) {
    connection.endVerifying();
    throw error;
  }
}

/** Whoever reads already goes on reading, as far as they may in their own name. */
async function readingOn(
  services: Services,
  connection: Connection,
  identity: Identity,
  places: KeptPlaces | undefined,
): Promise<Together<Record<string, never>>> {
  const context = { services, identity, connection, via: connection.via };
  for (const room of connection.rooms()) await relevantRole(context, "read", room);
  let behind: readonly Subscription[] = [];
  return new Together(
    () => {
      behind = connection.becomeKnown(identity, places, (room) => {
        const standing = relevantRole(context, "read", room);
        // Forgotten since: somebody's rights changed just now, perhaps these.
        return !(standing instanceof Promise) && allows(identity, "read", room.record, standing);
      });
      return {};
    },
    () => {
      for (const subscription of behind) subscription.room.catchUp(subscription);
    },
  );
}

/** @throws ProtocolError `forbidden` for what the application did not sign. */
export function mustBeSigned({ signatures }: Services, proof: Proof): void {
  if (signatures?.verify(proof) !== true) throw new ProtocolError("forbidden");
}

/* A page that says who it is a second time changes nothing: the same person is told so, another is refused. */
async function again(
  services: Services,
  connection: Connection,
  entry: Entry,
  present: Identity,
): Promise<Together<Record<string, never>>> {
  if (entry.claim !== undefined && !isClaimOf(present, entry.claim.user)) {
    throw new ProtocolError("forbidden");
  }
  if (entry.signed !== undefined && !isClaimOf(present, entry.signed.user)) {
    throw new ProtocolError("conflict");
  }
  if (entry.token !== undefined) {
    const { address } = connection.peer;
    const other = await services.authenticator.authenticate({ token: entry.token, address });
    if (other.user !== present.user) throw new ProtocolError("conflict");
  }
  return new Together(
    () => ({}),
    () => {},
  );
}

async function identify(
  services: Services,
  connection: Connection,
  entry: Entry,
): Promise<Identity> {
  const { peer } = connection;
  const identity =
    (await bySignature(services, connection, entry)) ??
    (await byTicket(services, connection, entry)) ??
    (await byHandshake(services, connection, entry)) ??
    (await byToken(services, connection, entry)) ??
    (await byApplication(services, connection, entry)) ??
    (await byClaim(services, connection, entry)) ??
    nobody(services, connection, entry);
  if (identity === undefined) throw new ProtocolError("unauthenticated");
  /* Security: without this, somebody with a good token could go by the id of another (three of the five systems
   * had this hole). */
  if (entry.claim !== undefined && identity.isAnonymous !== true) {
    if (!isClaimOf(identity, entry.claim.user)) throw new ProtocolError("forbidden");
  }
  return peer.isTrustedNetwork === true ? { ...identity, onTrustedNetwork: true } : identity;
}

/* The signature was checked before. */
async function bySignature(
  { authenticator }: Services,
  { peer }: Connection,
  { signed }: Entry,
): Promise<Identity | undefined> {
  if (signed === undefined) return undefined;
  const { user, name } = signed;
  return authenticator.authenticate({
    vouched: { user, by: "application", ...(name === undefined ? {} : { name }) },
    of: "application",
    address: peer.address,
  });
}

/* A ticket is one session's: beside the token of another it says nothing. */
async function byTicket(
  { authenticator }: Services,
  { peer }: Connection,
  { ticket, token }: Entry,
): Promise<Identity | undefined> {
  if (ticket === undefined) return undefined;
  const { address } = peer;
  const { text, rooms } = ticket;
  const identity = await authenticator.authenticate({ ticket: text, rooms, address });
  if (token === undefined) return identity;
  const other = await authenticator.authenticate({ token, address });
  if (other.user !== identity.user || other.session !== identity.session) {
    throw new ProtocolError("unauthenticated");
  }
  return identity;
}

async function byHandshake(
  { authenticator }: Services,
  { peer }: Connection,
  { mustBeKnown }: Entry,
): Promise<Identity | undefined> {
  const token = peer.handshake?.token;
  if (token === undefined) return undefined;
  const known = mustBeKnown === undefined ? {} : { mustBeKnown };
  return authenticator.authenticate({ token, address: peer.address, ...known });
}

async function byToken(
  { authenticator }: Services,
  { peer }: Connection,
  { token, mustBeKnown }: Entry,
): Promise<Identity | undefined> {
  if (token === undefined) return undefined;
  /* A placeholder out of a description, on a developer's own machine. What has the form of a token must verify
   * there too, so that an expired one is noticed. */
  if (peer.isTrustedNetwork === true && !looksLikeToken(token)) return undefined;
  const known = mustBeKnown === undefined ? {} : { mustBeKnown };
  return authenticator.authenticate({ token, address: peer.address, ...known });
}

function looksLikeToken(token: string): boolean {
  return (
    /^pl[sk]_/.test(token) || token.split(".").length === 3 || token.length > limits.tokenLength
  );
}

async function byApplication(
  { hooks, authenticator }: Services,
  connection: Connection,
  { claim }: Entry,
): Promise<Identity | undefined> {
  const { peer } = connection;
  if (hooks?.connect === undefined || peer.handshake === undefined) return undefined;
  // Asked once a connection, however often its page says who it is.
  connection.vouching ??= hooks.connect(peer.handshake).catch((error: unknown) => {
    connection.vouching = undefined;
    throw error;
  });
  const user = await connection.vouching;
  if (user === undefined) return undefined;
  return authenticator.authenticate({
    vouched: { ...user, by: "application" },
    of: claim?.of ?? "application",
    address: peer.address,
  });
}

async function byClaim(
  { authenticator }: Services,
  { peer }: Connection,
  { claim }: Entry,
): Promise<Identity | undefined> {
  if (claim === undefined || peer.isTrustedNetwork !== true) return undefined;
  return authenticator.authenticate({
    vouched: { user: claim.user, by: "network" },
    of: claim.of,
    address: peer.address,
  });
}

function nobody(
  { settings }: Services,
  { peer, connectionId }: Connection,
  { anonymous, onlyGranted, readsPublic }: Entry,
): Identity | undefined {
  if (anonymous !== true) return undefined;
  const mayRead = settings.guestsAllowed || peer.isTrustedNetwork === true || readsPublic === true;
  if (!mayRead && onlyGranted !== true) return undefined;
  const id = `anonymous:${connectionId}`;
  return {
    user: id as UserId,
    name: "Anonymous",
    kind: "guest",
    principal: id as Principal,
    isAnonymous: true,
    ...(mayRead ? {} : { isOnlyGranted: true }),
  };
}

/**
 * Whether an id that a frame claims is the identity's own.
 *
 * @param user The opaque id, or a number: of an account, or as the application's token gave it.
 */
export function isClaimOf(identity: Identity, user: string | number): boolean {
  return typeof user === "number" ? identity.number === user : identity.user === user;
}

/* The token's nonce is to make replay useless, and yet a page comes back with the token that it was given. So it is
 * refused while the connection that uses it answers; one that does not has lost its network and makes room. */
async function mustBeFree(
  { registry }: Services,
  connection: Connection,
  identity: Identity,
): Promise<void> {
  if (identity.tokenId === undefined) return;
  for (const other of registry.ofUser(identity.user)) {
    if (other === connection || other.identity?.tokenId !== identity.tokenId) continue;
    if (await other.answers(lifeSignMs)) throw new ProtocolError("conflict", { field: "token" });
    other.terminate("replaced");
  }
}

async function placesOf(
  { devicePlaces }: Services,
  { wire }: Connection,
  { keepsPlaces, signed }: Entry,
  identity: Identity,
): Promise<KeptPlaces | undefined> {
  if (keepsPlaces === undefined || identity.isAnonymous === true) return undefined;
  const credential = identity.tokenId ?? identity.session;
  const own = keepsPlaces === "user" ? (signed?.device ?? "user") : credential;
  if (own === undefined) return undefined;
  const device = `${wire.dialect.name}:${own}`.slice(0, limits.deviceIdLength) as DeviceId;
  const before = await devicePlaces.of(identity.user, device);
  return new KeptPlaces(identity.user, device, before, devicePlaces);
}

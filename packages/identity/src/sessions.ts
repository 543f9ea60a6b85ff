import type { Clock, Identity, SessionRecord, Sessions, UserRecord } from "@parlance/core";
import type { DeviceId, Principal, SessionId } from "@parlance/protocol";
import { hashSecret, newSecret, newSecretId } from "./secrets.ts";

const dayMs = 86_400_000;
/** How long a login lasts without another. Long, since a guest that loses its session cannot come back. */
export const sessionLifeMs: number = 30 * dayMs;

/** What numbers the users of this install gave out themselves: those of accounts and guests. */
export function numberOf({ kind, number }: UserRecord): { number?: number } {
  return kind === "account" || kind === "guest" ? { number } : {};
}

/** The identity that a session or a password speaks for. */
export function sessionIdentity(
  user: UserRecord,
  session: Pick<SessionRecord, "id" | "expiresAt">,
): Identity {
  return {
    user: user.id,
    name: user.name,
    kind: user.kind,
    ...numberOf(user),
    // Idempotence of a user is per user, whatever device or session it comes by.
    principal: user.id as string as Principal,
    session: session.id,
    ...(user.isAdmin === true ? { isAdmin: true as const } : {}),
    expiresAt: session.expiresAt,
  };
}

/** Stores a new session. Every sign-in makes its own, so a session that somebody planted is worth nothing. */
export async function startSession(
  directory: Sessions,
  clock: Clock,
  user: UserRecord,
  device: DeviceId | undefined,
): Promise<Identity> {
  const secret = newSecret();
  const now = clock.now();
  const session: SessionRecord = {
    id: newSecretId() as SessionId,
    user: user.id,
    secretHash: hashSecret(secret),
    createdAt: now,
    expiresAt: now + sessionLifeMs,
    ...(device === undefined ? {} : { device }),
  };
  await directory.createSession(session);
  return { ...sessionIdentity(user, session), issuedToken: `pls_${session.id}_${secret}` };
}

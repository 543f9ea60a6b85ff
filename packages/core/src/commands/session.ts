import {
  type Command,
  limits,
  ProtocolError,
  type Refreshed,
  type SignedIn,
  supportedVersions,
} from "@parlance/protocol";
import type { Connection } from "../connection.ts";
import { wireUser } from "../frames.ts";
import { Together } from "../outcome.ts";
import type { Credential, Identity } from "../ports/index.ts";
import type { Services } from "../services.ts";

/** Binds the connection to a verified identity, once. */
export async function signIn(
  services: Services,
  connection: Connection,
  command: Command<"sign_in">,
): Promise<Together<SignedIn>> {
  if (connection.identity !== undefined) throw new ProtocolError("conflict", { field: "type" });
  const spoken = command.versions ?? [1];
  const version = supportedVersions.find((candidate) => spoken.includes(candidate));
  if (version === undefined) {
    throw new ProtocolError("unsupported_version", { supported: supportedVersions });
  }
  const identity = await verify(services, connection, credentialOf(command));
  return new Together(
    () => {
      connection.become(identity, command.device_id);
      return {
        version,
        user: wireUser(identity),
        connection_id: connection.connectionId,
        ...(identity.session === undefined ? {} : { session_id: identity.session }),
        ...(identity.issuedToken === undefined ? {} : { token: identity.issuedToken }),
        ...expiry(identity),
        heartbeat_ms: services.settings.heartbeatMs,
        limits: {
          frame_bytes: limits.frameBytes,
          text_length: limits.textLength,
          page_events: limits.pageEvents,
          subscriptions: limits.subscriptions,
        },
      };
    },
    () => {},
  );
}

function credentialOf(command: Command<"sign_in">): Credential {
  const device = command.device_id === undefined ? {} : { device: command.device_id };
  if (command.token !== undefined) return { token: command.token, ...device };
  if (command.guest !== undefined) return { guest: command.guest, ...device };
  throw new ProtocolError("bad_request", { field: "token" });
}

/** Prolongs the identity. Somebody else's token changes nothing and ends the connection. */
export async function refresh(
  services: Services,
  connection: Connection,
  command: Command<"refresh">,
): Promise<Refreshed> {
  const identity = await verify(services, connection, { token: command.token });
  if (identity.user !== connection.userId) throw new ProtocolError("forbidden");
  connection.accept(identity);
  return expiry(identity);
}

/** To be followed by `connection.accept` or `become` in one step with their effect. */
async function verify(
  services: Services,
  connection: Connection,
  credential: Credential,
): Promise<Identity> {
  connection.beginVerifying();
  try {
    const { address } = connection.peer;
    const identity = await services.authenticator.authenticate({ ...credential, address });
    await services.people.know(identity);
    return identity;
  } catch (error) {
    connection.endVerifying();
    throw error;
  }
}

function expiry(identity: Identity): { expires_at?: string } {
  if (identity.expiresAt === undefined) return {};
  return { expires_at: new Date(identity.expiresAt).toISOString() };
}

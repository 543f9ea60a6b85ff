/** Connections of the doors to NATS: one attempt each, no coming back by themselves. */
import { JetStreamApiError } from "@nats-io/jetstream";
import { connect, type NatsConnection, type TlsOptions } from "@nats-io/transport-node";
import type { Shift } from "../line/keep-open.ts";
import type { ServiceHost, ServiceUrl } from "../line/service-url.ts";

const connectMs = 3_500;

/** A connection at the shift's address, gone with the shift. */
export async function connectNats(
  url: ServiceUrl,
  { address, gone, lost }: Pick<Shift<ServiceHost>, "address" | "gone" | "lost">,
): Promise<NatsConnection> {
  const { host, port } = address;
  const connection = await connect({
    servers: `${host.includes(":") ? `[${host}]` : host}:${port}`,
    ...credentialsOf(url),
    ...(url.scheme === "tls:" ? { tls: checked(host) } : {}),
    timeout: connectMs,
    reconnect: false,
    ignoreClusterUpdates: true,
  });
  const end = (): void => void connection.close().catch(() => {});
  gone.addEventListener("abort", end, { once: true });
  if (gone.aborted) end();
  void connection.closed().then((error) => lost(error ?? new Error("closed")));
  void hearErrors(connection, lost);
  return connection;
}

/** Whether JetStream answered with this code, one of `JetStreamApiCodes`. */
export function isCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}

/* Security: of a server that is named by its address the driver tells Node nothing to compare the certificate with, and Node then
 * takes one for `localhost`. The driver hands on what its own type does not name. */
function checked(host: string): TlsOptions {
  return { host } as TlsOptions;
}

function credentialsOf({ user, password }: ServiceUrl): {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
} {
  if (user === undefined) return {};
  return password === undefined ? { token: user } : { user, pass: password };
}

/** A refused subscription is told in no other way. */
async function hearErrors(
  connection: NatsConnection,
  lost: (reason: unknown) => void,
): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === "error") lost(status.error);
  }
}

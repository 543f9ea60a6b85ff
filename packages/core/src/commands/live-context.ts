import { ProtocolError } from "@parlance/protocol";
import type { Connection } from "../connection.ts";
import type { CommandTrace } from "../ports/index.ts";
import type { LiveContext, Services } from "../services.ts";

/** Who asks by a connection. @throws ProtocolError `unauthenticated` before it is known whose it is. */
export function contextOf(
  services: Services,
  connection: Connection,
  trace: CommandTrace | undefined,
): LiveContext {
  const { identity, device } = connection;
  if (identity === undefined) throw new ProtocolError("unauthenticated");
  return {
    services,
    identity,
    connection,
    via: connection.via,
    ...(device === undefined ? {} : { device }),
    ...(trace === undefined ? {} : { trace }),
  };
}

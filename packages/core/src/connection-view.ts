/** A connection as others are told of it. */
import type { Connection } from "./connection.ts";
import type { ConnectionView } from "./gate.ts";
import type { ConnectionFacts } from "./ports/index.ts";

/** Who it is. */
export function factsOf(connection: Connection): ConnectionFacts {
  const { connectionId, number, identity, wire, peer } = connection;
  return {
    connectionId,
    number,
    dialect: wire.dialect.name,
    address: peer.address,
    ...(identity === undefined ? {} : { identity }),
  };
}

/** How it is, for operators. @param now Monotonic milliseconds. */
export function viewOf(connection: Connection, now: number): ConnectionView {
  const { identity, shownAs, outbox, peer } = connection;
  return {
    connection_id: connection.connectionId,
    number: connection.number,
    dialect: connection.wire.dialect.name,
    transport: peer.transport,
    address: peer.address,
    ...(identity === undefined ? {} : { user: identity.user, name: identity.name }),
    ...(shownAs === undefined ? {} : { shown_as: shownAs }),
    connected_ms: Math.round(now - connection.openedAt),
    heard_ms: Math.round(now - connection.heardAt),
    unsent_bytes: outbox.unsentBytes,
    lagging: outbox.isLagging,
    rooms: connection.subscriptionCount,
  };
}

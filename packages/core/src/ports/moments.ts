import type { ConnectionId, ProtocolError, Published } from "@parlance/protocol";
import type { Identity } from "./authenticator.ts";
import type { Asker, Said } from "./hooks.ts";

/**
 * What happens here, told to whoever extends the server. Nobody waits for what they make of it, and none of these may throw.
 */
export interface Moments {
  /** A connection is there; mostly nobody knows yet whose. */
  connected(connection: ConnectionFacts): void;
  /** A message was stored: told by the node that stored it, once. */
  message(message: MessageFacts): void;
  /** @param reason Of the error table, or the close code as the wire had it. */
  closed(connection: ConnectionFacts, reason: string): void;
  /** Something that a connection asked for was not done. */
  failed(connection: ConnectionFacts, error: ProtocolError): void;
}

export interface ConnectionFacts {
  readonly connectionId: ConnectionId;
  /** 1, 2, 3 … of this node's connections since its start. */
  readonly number: number;
  readonly dialect: string;
  readonly address: string;
  readonly identity?: Identity;
}

export interface MessageFacts extends Asker {
  readonly said: Said;
  readonly published: Published;
  readonly connectionId?: ConnectionId;
}

import type { RoomId } from "@parlance/protocol";
import type { Identity } from "./authenticator.ts";

/**
 * Connection tickets, for clients that cannot set a header and come back with the same URL (`EventSource`,
 * `y-websocket`). `Authenticator.authenticate` takes them, with the rooms that are asked for.
 *
 * One is for exactly the rooms that it was made for and speaks for the session, key or token that asked for it, as
 * long as that lives. It has a minute to be used for the first time; from then on it is good again while a connection
 * that came with it is open, and a few minutes longer.
 */
export interface Tickets {
  /** @throws ProtocolError `forbidden` for nobody in particular. */
  issue(identity: Identity, rooms: readonly RoomId[]): Ticket;
  /**
   * A connection that came with the ticket is open.
   *
   * @returns what to call once when it is not any more.
   */
  hold(ticket: string): () => void;
}

export interface Ticket {
  /** Fits into a URL's query as it is. A secret: never logged. */
  readonly text: string;
  /** When it is over if it is not used. Milliseconds since 1970. */
  readonly expiresAt: number;
}

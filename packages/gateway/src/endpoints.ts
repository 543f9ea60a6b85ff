import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Dialect } from "@parlance/core";
import type { Refusal } from "./refuse.ts";

/** One row of the table that says what is spoken where. */
export type Endpoint = DialectEndpoint | HandlerEndpoint;

interface Place {
  /** The listener's configured port. Absent: on every one. */
  readonly port?: number;
  /** Matched exactly, `/ws`. Absent: every path, of a port that is given. */
  readonly path?: string;
  /** Not the path itself, but every path with one more part: `/yjs/a%3Ab`. Absent: exactly the path. */
  readonly takesName?: true;
  /** Only for clients that offer this WebSocket sub-protocol. Absent: for those that offer none we know. */
  readonly subprotocol?: string;
  /** Pages opened from disk, whose Origin is `null`, may come in where the operator's list says so. */
  readonly takesNullOrigin?: boolean;
}

/** Where the gateway's own WebSockets speak a dialect. */
export interface DialectEndpoint extends Place {
  readonly dialect: Dialect;
  /**
   * Whether an id that a frame claims counts: from peers of this machine, or from everybody who comes in here. Absent:
   * from nobody.
   */
  readonly trust?: "loopback" | "everybody";
  /** The longest frame of its clients, in bytes. Absent: as long as in every dialect. */
  readonly frameBytes?: number;
}

/** Where a library answers handshakes, once they were found good. */
export interface HandlerEndpoint extends Place {
  readonly handler: UpgradeHandler;
}

/**
 * Answers a handshake that was found good, or says why not. It asks `Gateway.admit` for what it counts as a
 * connection. The socket has a listener for its errors.
 */
export type UpgradeHandler = (upgrade: HandedUpgrade) => Refusal | undefined;

/** A handshake that is somebody else's to answer. */
export interface HandedUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What came behind the handshake already. */
  readonly head: Buffer;
}

/** What a handshake leads to. */
export interface Route {
  readonly endpoint: Endpoint;
  /** To be named in the answer. */
  readonly subprotocol?: string;
}

/** Finds the endpoints of a path. */
export type EndpointTable = (port: number, path: string) => readonly Endpoint[];

/**
 * A port's own path comes before its every path, and that before the paths of all ports; a path itself before one that
 * takes a name.
 *
 * @throws TypeError for two rows with the same port, path and sub-protocol, a path without `/`, or neither port nor
 *   path.
 */
export function endpointTable(endpoints: readonly Endpoint[]): EndpointTable {
  const byPlace = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    const { path, port } = endpoint;
    if (path === undefined && port === undefined) throw new TypeError("neither port nor path");
    if (path?.startsWith("/") === false) throw new TypeError(`not a path: ${path}`);
    const place = placeOf(port, endpoint.takesName === true ? named(path) : path);
    const rows = byPlace.get(place) ?? [];
    if (rows.some((row) => row.subprotocol === endpoint.subprotocol)) {
      throw new TypeError(`two endpoints at ${place}`);
    }
    byPlace.set(place, [...rows, endpoint]);
  }
  return (port, path) => {
    const parent = path.slice(0, path.lastIndexOf("/"));
    return (
      byPlace.get(placeOf(port, path)) ??
      byPlace.get(placeOf(port, named(parent))) ??
      byPlace.get(placeOf(port, undefined)) ??
      byPlace.get(placeOf(undefined, path)) ??
      byPlace.get(placeOf(undefined, named(parent))) ??
      []
    );
  };
}

/** The place of rows that take a name behind their path. */
function named(path = ""): string {
  return `${path === "/" ? "" : path}/*`;
}

/**
 * The first offered sub-protocol that a row has, else the row without one.
 *
 * @param offered In the client's order of preference.
 */
export function chooseRoute(
  rows: readonly Endpoint[],
  offered: readonly string[],
): Route | undefined {
  for (const subprotocol of offered) {
    const endpoint = rows.find((candidate) => candidate.subprotocol === subprotocol);
    if (endpoint !== undefined) return { endpoint, subprotocol };
  }
  const endpoint = rows.find((candidate) => candidate.subprotocol === undefined);
  return endpoint === undefined ? undefined : { endpoint };
}

function placeOf(port: number | undefined, path: string | undefined): string {
  return `${port ?? "*"} ${path ?? "*"}`;
}

import type { Dialect } from "@parlance/core";

/** One row of the table that says which dialect is spoken where. */
export interface Endpoint {
  /** The listener's configured port. Absent: on every one. */
  readonly port?: number;
  /** Matched exactly, `/ws`. */
  readonly path: string;
  /** Only for clients that offer this WebSocket sub-protocol. Absent: for those that offer none we know. */
  readonly subprotocol?: string;
  readonly dialect: Dialect;
}

/** What a handshake leads to. */
export interface Route {
  readonly dialect: Dialect;
  /** To be named in the answer. */
  readonly subprotocol?: string;
}

/** Finds the endpoints of a path. */
export type EndpointTable = (port: number, path: string) => readonly Endpoint[];

/** @throws TypeError for two rows with the same port, path and sub-protocol, or a path without `/`. */
export function endpointTable(endpoints: readonly Endpoint[]): EndpointTable {
  const byPlace = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    if (!endpoint.path.startsWith("/")) throw new TypeError(`not a path: ${endpoint.path}`);
    const place = placeOf(endpoint.port, endpoint.path);
    const rows = byPlace.get(place) ?? [];
    if (rows.some((row) => row.subprotocol === endpoint.subprotocol)) {
      throw new TypeError(`two endpoints at ${place}`);
    }
    byPlace.set(place, [...rows, endpoint]);
  }
  return (port, path) =>
    byPlace.get(placeOf(port, path)) ?? byPlace.get(placeOf(undefined, path)) ?? [];
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
    const row = rows.find((candidate) => candidate.subprotocol === subprotocol);
    if (row !== undefined) return { dialect: row.dialect, subprotocol };
  }
  const row = rows.find((candidate) => candidate.subprotocol === undefined);
  return row === undefined ? undefined : { dialect: row.dialect };
}

function placeOf(port: number | undefined, path: string): string {
  return `${port ?? "*"} ${path}`;
}

/** The live connections of a node as operators ask for them, by the questions that `Questions` carries to all nodes. */
import type { Json, RoomId, UserId } from "@parlance/protocol";
import { viewOf } from "./connection-view.ts";
import type { ConnectionFilter, ConnectionReport, ConnectionView, NodeCounts } from "./gate.ts";
import type { Registry } from "./registry.ts";

/** Most that are listed at once; a node tells one more, so that it is known whether there are more. */
export const maxListed = 5_000;

/** Names of the questions. */
export const connectionQuestions = {
  list: "connections",
  end: "end_connection",
  endUser: "end_user",
} as const;

/** The node that lists its connections. `now` in monotonic milliseconds. */
export interface ListingNode {
  readonly nodeId: string;
  readonly counts: NodeCounts;
  readonly now: number;
}

/** Those of this node that match, in the order in which they came. */
export function listConnections(
  registry: Registry,
  { nodeId, counts, now }: ListingNode,
  { node, user, room, after, limit = maxListed + 1 }: ConnectionFilter,
): ConnectionReport {
  const connections: ConnectionView[] = [];
  let matching = 0;
  const isBefore = after !== undefined && nodeId < after.node;
  const from = after?.node === nodeId ? after.number : 0;
  const most = isBefore ? 0 : Math.min(limit, maxListed + 1);
  for (const connection of registry) {
    const isAsked =
      (node === undefined || node === nodeId) &&
      (user === undefined || connection.userId === user || connection.shownAs === user) &&
      (room === undefined || connection.subscription(room as RoomId) !== undefined);
    if (!isAsked) continue;
    matching += 1;
    if (connection.number > from && connections.length < most)
      connections.push(viewOf(connection, now));
  }
  return { counts, matching, connections };
}

/** Ends one, if it is here. */
export function endConnection(registry: Registry, id: string): boolean {
  for (const connection of registry) {
    if (connection.connectionId !== id) continue;
    connection.end("ended_by_operator");
    return true;
  }
  return false;
}

/** Ends all of a user's that are here. @returns how many. */
export function endUser(registry: Registry, user: string): number {
  const connections = registry.ofUser(user as UserId);
  for (const connection of connections) connection.end("ended_by_operator");
  return connections.length;
}

/** Total: what another node put into its question. What is no filter filters nothing. */
export function readConnectionFilter(detail: Json | undefined): ConnectionFilter {
  const { node, user, room, after, limit } = membersOf(detail);
  const { node: afterNode, number } = membersOf(after);
  return {
    ...(typeof node === "string" ? { node } : {}),
    ...(typeof user === "string" ? { user } : {}),
    ...(typeof room === "string" ? { room } : {}),
    ...(typeof afterNode === "string" && typeof number === "number"
      ? { after: { node: afterNode, number } }
      : {}),
    ...(typeof limit === "number" ? { limit } : {}),
  };
}

/** Total: what another node answered. Undefined if it is none; a row that is none is left out. */
export function readConnectionReport(answer: Json): ConnectionReport | undefined {
  const { counts, matching, connections } = membersOf(answer);
  if (typeof matching !== "number" || !Array.isArray(connections)) return undefined;
  const { outboxBytes, rooms, subscriptions, lagging, connections: all } = membersOf(counts);
  const numbers = { connections: all, rooms, subscriptions, lagging, outboxBytes };
  if (!hasKinds(numbers, countKinds)) return undefined;
  return {
    counts: numbers as unknown as NodeCounts,
    matching,
    connections: connections.filter((row) => hasKinds(membersOf(row), viewKinds)),
  };
}

type Kind = "string" | "number" | "boolean";
type Kinds<T> = { readonly [K in keyof T]-?: undefined extends T[K] ? "any" | Kind : Kind };

const countKinds: Kinds<NodeCounts> = {
  connections: "number",
  rooms: "number",
  subscriptions: "number",
  lagging: "number",
  outboxBytes: "number",
};

const viewKinds: Kinds<ConnectionView> = {
  connection_id: "string",
  number: "number",
  dialect: "string",
  transport: "string",
  address: "string",
  user: "any",
  name: "any",
  shown_as: "any",
  connected_ms: "number",
  heard_ms: "number",
  unsent_bytes: "number",
  lagging: "boolean",
  rooms: "number",
};

function hasKinds(
  value: Readonly<Record<string, unknown>>,
  kinds: Readonly<Record<string, Kind | "any">>,
): boolean {
  return Object.entries(kinds).every(
    ([name, kind]) => kind === "any" || typeof value[name] === kind,
  );
}

function membersOf(value: Json | undefined): { readonly [name: string]: Json } {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as { readonly [name: string]: Json }) : {};
}

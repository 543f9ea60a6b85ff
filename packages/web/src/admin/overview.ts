/** What the admin page asks the server for, and what it makes of the answers. */
import { RequestError } from "../app/rest.ts";

/** Numbers by name, as `/api/v1/admin/overview` has them; `at` is in milliseconds since 1970. */
export type Point = Readonly<Record<string, number>>;

export interface NodeOverview {
  readonly node: string;
  readonly url: string;
  readonly host: string;
  readonly version: string;
  readonly worker?: number;
  readonly started_at: string;
  readonly draining: boolean;
  readonly database: string;
  readonly broker: string;
  readonly now: Point;
  readonly connections: Point;
  readonly errors: Point;
  readonly doors: readonly DoorOverview[];
  /** Absent from a node of an older version, as `webhooks`. */
  readonly hooks?: readonly HookOverview[];
  /** Told by the node that delivers. */
  readonly webhooks?: readonly WebhookOverview[];
  readonly points?: readonly Point[];
}

export interface HookOverview {
  readonly hook: string;
  readonly down: boolean;
  readonly paused: boolean;
  readonly under_way: number;
  readonly answered: number;
  readonly refused: number;
  readonly silent: number;
  readonly unasked: number;
}

export interface WebhookOverview {
  readonly id: string;
  readonly name: string;
  readonly paused_because?: string;
  readonly lag?: number;
  readonly oldest_ms?: number;
  readonly dead?: number;
  readonly events: number;
  readonly failed: number;
}

export interface DoorOverview {
  readonly door: string;
  readonly open: boolean;
  readonly under_way: number;
  readonly published: number;
  readonly refused: number;
}

export interface Overview {
  readonly time: string;
  readonly nodes: readonly NodeOverview[];
  /** Nodes that live and did not answer. */
  readonly silent: readonly string[];
}

export interface OpenRoom {
  readonly room: string;
  readonly title: string;
  readonly kind: string;
  readonly last: number;
  readonly subscriptions: number;
  readonly present: number;
  readonly nodes: number;
}

export interface LiveConnection {
  readonly connection_id: string;
  readonly node: string;
  readonly dialect: string;
  readonly transport: string;
  readonly address: string;
  readonly user?: string;
  readonly name?: string;
  readonly connected_ms: number;
  readonly unsent_bytes: number;
  readonly lagging: boolean;
  readonly rooms: number;
}

/** Everything that the page shows. */
export interface Everything {
  readonly overview: Overview;
  readonly rooms: readonly OpenRoom[];
  readonly connections: readonly LiveConnection[];
  readonly connectionCount: number;
}

/** @throws RequestError `not_found` for who is no administrator, `unauthenticated`, `offline`. */
export async function askEverything(token: string): Promise<Everything> {
  const [overview, rooms, connections] = await Promise.all([
    get<Overview>("/overview", token),
    get<{ readonly rooms: readonly OpenRoom[] }>("/open-rooms", token),
    get<{ readonly connections: readonly LiveConnection[]; readonly total: number }>(
      "/connections?limit=1000",
      token,
    ),
  ]);
  const { total, connections: listed } = connections;
  return { overview, rooms: rooms.rooms, connections: listed, connectionCount: total };
}

async function get<T>(path: string, token: string): Promise<T> {
  const response = await fetch(`/api/v1/admin${path}`, {
    headers: { authorization: `Bearer ${token}` },
    cache: "no-store",
  }).catch(() => undefined);
  if (response === undefined) throw new RequestError("offline", "");
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) return answer as T;
  const error = (answer as { error?: { code?: string; text?: string } } | undefined)?.error;
  throw new RequestError(error?.code ?? "unavailable", error?.text ?? "");
}

/** What a node is called where several are told apart: its host, and the part of its address that differs. */
export function nodeName({ host, url, worker }: NodeOverview): string {
  const { port } = new URL(url);
  return worker === undefined ? `${host}:${port}` : `${host}:${port} #${worker}`;
}

/** A sum over all nodes, of this moment. */
export function sumNow(nodes: readonly NodeOverview[], name: string): number {
  return nodes.reduce((sum, { now }) => sum + (now[name] ?? 0), 0);
}

/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

/** One line for each node. */
export function seriesOf(nodes: readonly NodeOverview[], name: string): readonly Series[] {
  return nodes.map((node) => ({
    name: nodeName(node),
    points: (node.points ?? []).flatMap((point) => {
      const { at } = point;
      const value = point[name];
      return at === undefined || value === undefined ? [] : [{ at, value }];
    }),
  }));
}

/** Something that somebody has to look at, by the name of its advice. */
export interface Trouble {
  readonly kind:
    | "database"
    | "broker"
    | "silent"
    | "draining"
    | "late"
    | "door"
    | "hook"
    | "behind"
    | "dead"
    | "paused"
    | "internal";
  readonly where: string;
}

/** The event loop is late enough for people to notice. Milliseconds. */
const lateMs = 250;
/** A receiver that took nothing for so long is not only slow. */
export const behindMs = 600_000;

/** What is red, and where. */
export function troublesOf({ nodes, silent }: Overview): readonly Trouble[] {
  const troubles: Trouble[] = silent.map((where) => ({ kind: "silent", where }));
  for (const node of nodes) {
    const where = nodeName(node);
    const { now, errors, draining } = node;
    if (now["database_up"] === 0) troubles.push({ kind: "database", where });
    if (now["broker_connected"] === 0) troubles.push({ kind: "broker", where });
    if (draining) troubles.push({ kind: "draining", where });
    if ((now["event_loop_ms"] ?? 0) > lateMs) troubles.push({ kind: "late", where });
    if ((errors["internal"] ?? 0) > 0) troubles.push({ kind: "internal", where });
  }
  const doors = nodes.flatMap((node) => node.doors);
  for (const name of new Set(doors.map(({ door }) => door))) {
    // One node looks after a door; the others wait.
    const isOpen = doors.some(({ door, open }) => door === name && open);
    if (!isOpen) troubles.push({ kind: "door", where: name });
  }
  const down = nodes.flatMap(({ hooks = [] }) => hooks.filter((hook) => hook.down));
  for (const where of new Set(down.map(({ hook }) => hook))) troubles.push({ kind: "hook", where });
  for (const webhook of nodes.flatMap(({ webhooks = [] }) => webhooks)) {
    const { name: where, paused_because: paused, oldest_ms: oldestMs = 0, dead = 0 } = webhook;
    if (oldestMs > behindMs) troubles.push({ kind: "behind", where });
    if (dead > 0) troubles.push({ kind: "dead", where: `${where} (${dead})` });
    if (paused !== undefined) troubles.push({ kind: "paused", where: `${where} (${paused})` });
  }
  return troubles;
}

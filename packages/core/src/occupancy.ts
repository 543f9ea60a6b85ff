/** Questions to all nodes: which rooms have live subscriptions and how many, and who is in one. */
import type { Json, RoomId, UserId } from "@parlance/protocol";
import type { FleetAnswers } from "./gate.ts";
import type { Rooms } from "./rooms.ts";

/** Names of the questions. The detail of the first is a list of rooms or a prefix of their ids, of the second a room, of the third a dialect. */
export const occupancyQuestions = {
  rooms: "occupied",
  people: "occupants",
  connections: "connections_of_dialect",
} as const;

/** One room with live subscriptions. */
export interface Occupancy {
  readonly room: RoomId;
  /** On all nodes. */
  readonly subscriptions: number;
  /** Users whom others may see, on all nodes; each once. */
  readonly users: number;
}

/** Those of this node: a list of room, subscriptions, and users as they are told. */
export function occupiedHere(rooms: Rooms, wanted: Json | undefined): Json {
  const asked = Array.isArray(wanted) ? new Set<Json>(wanted) : undefined;
  const prefix = typeof wanted === "string" ? wanted : "";
  const found: [string, number, number][] = [];
  for (const { record, subscriptionCount, presence } of rooms) {
    const { room } = record;
    if (subscriptionCount === 0 || asked?.has(room) === false || !room.startsWith(prefix)) continue;
    found.push([room, subscriptionCount, presence.count]);
  }
  return found;
}

/** Total: what the nodes answered, by room. Subscriptions add up; of users every node knows all, some sooner than others. */
export function readOccupied({ answers }: FleetAnswers): ReadonlyMap<RoomId, Occupancy> {
  const occupied = new Map<RoomId, Occupancy>();
  for (const { answer } of answers) {
    for (const row of listOf(answer)) {
      const [room, subscriptions, users] = listOf(row);
      if (typeof room !== "string") continue;
      if (typeof subscriptions !== "number" || typeof users !== "number") continue;
      const before = occupied.get(room as RoomId);
      occupied.set(room as RoomId, {
        room: room as RoomId,
        subscriptions: subscriptions + (before?.subscriptions ?? 0),
        users: Math.max(users, before?.users ?? 0),
      });
    }
  }
  return occupied;
}

/** Who is in a room by connections of this node, and may be seen. */
export function occupantsHere(rooms: Rooms, wanted: Json | undefined): Json {
  const room = typeof wanted === "string" ? rooms.get(wanted as RoomId) : undefined;
  return room === undefined ? [] : Array.from(room.presence.here(), ({ id }) => id);
}

/** Total: all of them, each once. */
export function readOccupants({ answers }: FleetAnswers): readonly UserId[] {
  const users = new Set<UserId>();
  for (const { answer } of answers) {
    for (const user of listOf(answer)) if (typeof user === "string") users.add(user as UserId);
  }
  return [...users];
}

/** Total: live connections of the dialect on all nodes. */
export function readConnectionCount({ answers }: FleetAnswers): number {
  let count = 0;
  for (const { answer } of answers) if (typeof answer === "number") count += answer;
  return count;
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

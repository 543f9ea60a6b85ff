/** Questions to all nodes: how many are in which rooms, as every node that has a room open knows, and whether somebody is here. */
import type { Json, PresenceState } from "@parlance/protocol";
import type { FleetAnswers } from "./gate.ts";
import type { Rooms } from "./rooms.ts";

/** Name of the question; its detail is a list of rooms. */
export const onlineQuestion = "online";

/** Of those rooms that are open here: a list of room and count. */
export function onlineIn(rooms: Rooms, wanted: Json | undefined): Json {
  const asked = new Set(Array.isArray(wanted) ? wanted : []);
  const found: [string, number][] = [];
  for (const room of rooms) {
    const { room: id } = room.record;
    if (asked.has(id)) found.push([id, room.presence.count]);
  }
  return found;
}

/** Total: what the nodes answered. Each knows of all, some sooner than others, so the largest counts. */
export function readOnline({ answers }: FleetAnswers): ReadonlyMap<string, number> {
  const online = new Map<string, number>();
  for (const { answer } of answers) {
    for (const pair of Array.isArray(answer) ? (answer as readonly Json[]) : []) {
      const [room, count]: readonly Json[] = Array.isArray(pair) ? (pair as readonly Json[]) : [];
      if (typeof room !== "string" || typeof count !== "number") continue;
      online.set(room, Math.max(online.get(room) ?? 0, count));
    }
  }
  return online;
}

/** Name of the question what others see of somebody by the connections of one node; its detail is the user. */
export const stateQuestion = "state";

/** Total. Somebody is idle only where all of their windows are. */
export function readState({ answers }: FleetAnswers): PresenceState {
  const heard = new Set(answers.map(({ answer }) => answer));
  const order: readonly PresenceState[] = ["dnd", "active", "away"];
  return order.find((state) => heard.has(state)) ?? "offline";
}

/** What is counted of a node, and who is there. */
import type { UserId } from "@parlance/protocol";
import type { NodeCounts, OpenRoomView } from "./gate.ts";
import type { WebhookPresent } from "./ports/index.ts";
import type { Services } from "./services.ts";
import { add } from "./tally.ts";

type Counted = Pick<Services, "people" | "registry" | "rooms">;

export function countsOf({ registry, rooms }: Counted): NodeCounts {
  let subscriptions = 0;
  let lagging = 0;
  let outboxBytes = 0;
  for (const connection of registry) {
    subscriptions += connection.subscriptionCount;
    outboxBytes += connection.outbox.bytes;
    if (connection.outbox.isLagging) lagging += 1;
  }
  return { connections: registry.size, rooms: rooms.count, subscriptions, lagging, outboxBytes };
}

/** Connections by their dialects. */
export function dialectsOf({ registry }: Counted): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { via } of registry) add(counts, via);
  return counts;
}

/** Users in rooms by this node's connections, each counted in each room. */
export function presentIn({ rooms }: Counted): number {
  let present = 0;
  for (const { presence } of rooms) present += presence.localSize;
  return present;
}

export function openRoomsOf({ rooms }: Counted): readonly OpenRoomView[] {
  return Array.from(rooms, ({ record, last, subscriptionCount, presence }) => ({
    room: record.room,
    title: record.title,
    kind: record.kind,
    last,
    subscriptions: subscriptionCount,
    present: presence.localSize,
  }));
}

/** Who may be seen: in each room, and by being connected at all (`room` is empty then). */
export function whoIsPresent({ people, registry, rooms }: Counted): readonly WebhookPresent[] {
  const connected = new Map<UserId, WebhookPresent>();
  for (const { identity } of registry) {
    if (identity === undefined || people.isInvisible(identity)) continue;
    connected.set(identity.user, { room: "", user: identity.user, name: identity.name });
  }
  const present = [...connected.values()];
  for (const room of rooms) {
    for (const { id, name } of room.presence.here()) {
      present.push({ room: room.record.room, user: id, name });
    }
  }
  return present;
}

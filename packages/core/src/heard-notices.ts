/** What notices of the install's one subject mean to the connections of this node. */
import type { OwnChange, UserId } from "@parlance/protocol";
import type { DeviceFact, JoinedFact } from "./ports/index.ts";
import type { Registry } from "./registry.ts";

/** A user became a member of a room. */
export function hearJoined(registry: Registry, { user, room, position }: JoinedFact): void {
  for (const connection of registry.ofUser(user)) {
    connection.joined(room, position);
    connection.own({ type: "own", change: { what: "joined", room } });
  }
}

/** A device signed in on another node. */
export function hearDevice(registry: Registry, fact: DeviceFact): void {
  for (const connection of registry.ofUser(fact.user)) connection.hearDevice(fact);
}

/** Something of a user's own changed. */
export function hearOwn(registry: Registry, user: UserId, change: OwnChange): void {
  for (const connection of registry.ofUser(user)) connection.own({ type: "own", change });
}

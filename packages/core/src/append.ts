import { ProtocolError, type Role } from "@parlance/protocol";
import { type Action, authorize, needsRole } from "./authorize.ts";
import { frameOf } from "./frames.ts";
import type { Awaitable } from "./outcome.ts";
import type { Append, Appended } from "./ports/index.ts";
import type { Room } from "./room.ts";
import type { CommandContext } from "./services.ts";

/** How often rights are asked again when they change while an append is on its way. */
const maxStale = 8;

/** The caller's role where the answer may depend on it; no look-up where it cannot. */
export function relevantRole(
  context: CommandContext,
  action: Action,
  room: Room,
): Awaitable<Role | undefined> {
  if (context.identity.scopes !== undefined) return undefined;
  const { kind } = room.record;
  // What `authorize` answers to those it refuses depends on the right to read.
  if (!needsRole(action, kind) && !needsRole("read", kind)) return undefined;
  return room.role(context.identity.user);
}

/** Looks up what is needed and decides. @throws ProtocolError */
export async function authorizeIn(
  context: CommandContext,
  action: Action,
  room: Room,
): Promise<void> {
  authorize(context.identity, action, room.record, await relevantRole(context, action, room));
}

/**
 * Appends under the room's present revision, which the caller's right rests on, and gives the event to this
 * node's readers. Where rights changed meanwhile, catches up and asks again.
 *
 * The first append is handed to the log before this returns to the event loop, so calls keep their order.
 *
 * @param recheck Decides again after a change; throws to refuse.
 */
export async function appendIn(
  context: CommandContext,
  room: Room,
  append: Omit<Append, "revision" | "room">,
  recheck: () => Promise<void>,
): Promise<Extract<Appended, { outcome: "stored" }>> {
  const { log } = context.services;
  for (let attempt = 0; attempt < maxStale; attempt += 1) {
    const whole = { ...append, room: room.record.room, revision: room.revision };
    const appended = await log.append(whole);
    switch (appended.outcome) {
      case "stored":
        // The log began a new life: its sequences are not to be taken for those of the one that readers know.
        if (appended.epoch !== room.epoch) room.repair();
        else if (!appended.repeated) {
          const { sequence, revision, countable } = appended;
          room.committed({ sequence, frame: frameOf(whole, appended), revision, countable });
        }
        return appended;
      case "conflict":
        throw new ProtocolError("conflict", { field: "client_message_id" });
      case "stale":
        room.forgetRoles();
        await room.caughtUp();
        await recheck();
        break;
      case "absent":
      case "exists":
        throw new ProtocolError("not_found");
    }
  }
  throw new ProtocolError("unavailable", { retry_after_ms: 100 });
}

/** Whether the application lets somebody into a room: asked after `authorize`, whose answer it can only narrow. */
import type { Asker, JoinQuestion, RoomRecord } from "../ports/index.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";

/** Who asks, as the application is told. */
export function askerOf({ identity, via }: CommandContext): Asker {
  return { identity, dialect: via };
}

/** Whether the application has to be asked before somebody comes into a room. Back ends are not asked about. */
export function mustAskToEnter(context: CommandContext, record: RoomRecord): boolean {
  const hook = context.services.hooks?.join;
  if (hook === undefined || context.identity.scopes !== undefined) return false;
  return hook.concerns(entering(context, record));
}

/** Asks where that is due. @throws ProtocolError `forbidden` in the application's words. */
export async function mayEnter(context: CommandContext, { record }: Room): Promise<void> {
  if (!mustAskToEnter(context, record)) return;
  await context.services.hooks?.join?.ask(entering(context, record));
}

function entering(context: CommandContext, { room, kind }: RoomRecord): JoinQuestion {
  return { ...askerOf(context), room, kind };
}

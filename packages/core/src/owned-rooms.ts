import type { RoomId } from "@parlance/protocol";
import type { Append, Identity, Ids, JoinedFact, NewRoom, RoomLog } from "./ports/index.ts";

/** What making a room needs of its node. */
export interface MakerContext {
  readonly log: Pick<RoomLog, "append">;
  readonly ids: Pick<Ids, "event">;
  onJoined(fact: JoinedFact): void;
}

/** Makes a room whose first event is its maker's membership as owner. Does nothing where somebody was faster. */
export async function makeOwned(
  { log, ids, onJoined }: MakerContext,
  { user, name, principal }: Identity,
  room: RoomId,
  create: NewRoom,
): Promise<void> {
  const append: Append = {
    room,
    id: ids.event(),
    author: user,
    principal,
    time: create.createdAt,
    event: { type: "member.joined", data: { user, name, role: "owner" } },
    create,
  };
  const appended = await log.append(append);
  if (appended.outcome !== "stored") return;
  const { epoch, sequence } = appended;
  onJoined({ user, room, position: { epoch, offset: sequence } });
}

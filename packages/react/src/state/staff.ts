/** Who looks after a room. Pure. */
import type { RoomState } from "./model.ts";

/** Whether the reader looks after the room. */
export function isStaff(room: Pick<RoomState, "role">): boolean {
  return room.role === "owner" || room.role === "moderator";
}

/** Who pins messages. */
import { isStaff, type RoomState } from "@parlance/react";

/** In rooms without strangers every member, else who looks after the room. The server decides; this only shows the way. */
export function mayPin(room: RoomState): boolean {
  if (room.role === undefined) return false;
  return room.kind === "private" || room.kind === "direct" || isStaff(room);
}

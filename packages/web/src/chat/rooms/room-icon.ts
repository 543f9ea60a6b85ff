/** Which drawing stands for a room. */
import type { IconName, RoomState } from "@parlance/react";

/** The drawing for a room's kind. */
export function roomIcon(room: Pick<RoomState, "kind">): IconName {
  if (room.kind === "private" || room.kind === "direct") return "lock";
  if (room.kind === "job") return "gauge";
  if (room.kind === "document") return "file";
  return room.kind === "announcement" ? "megaphone" : "hash";
}

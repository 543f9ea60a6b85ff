import type { RoomId } from "@parlance/protocol";

/** Rooms that the switch of chat is about. */
export function isChatRoom(room: RoomId): boolean {
  return room.startsWith("chat_");
}

/** Rooms that the switch of notifications is about: inboxes and jobs. */
export function isNotificationRoom(room: RoomId): boolean {
  return room.startsWith("notifications_") || room.startsWith("ocr_job_");
}

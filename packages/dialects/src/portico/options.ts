import type { RoomId } from "@parlance/protocol";

/** How an install's PorticoEstate dialect is set up. */
export interface PorticoOptions {
  /** Where `chat` goes. */
  readonly chatRoom: RoomId;
  /** Where notifications go. */
  readonly notificationRoom: RoomId;
}

/** Names for the protocol's types as the SDK gives them. */
import type { Client, Room, RoomEvents } from "@parlance/client";

/** A durable event of a room's log. */
export type EventFrame = RoomEvents["event"];
/** A user as others see them. */
export type WireUser = NonNullable<Client["user"]>;
/** A room as its reader sees it in a listing. */
export type RoomView = Awaited<ReturnType<Client["listRooms"]>>["joined"][number];
/** A member of a room. */
export type MemberView = Awaited<ReturnType<Room["members"]>>[number];
/** A member's role. */
export type Role = MemberView["role"];
/** What a room is for, and with that who may read and write. */
export type RoomKind = RoomView["kind"];
/** What a subscription tells about its room. */
export type Subscribed = Awaited<ReturnType<Room["subscribe"]>>;

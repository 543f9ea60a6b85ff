/** The chat as React state: for those who draw a room themselves. All of them only below `ParlanceProvider`. */
import type { MemberView, WireUser } from "@parlance/client";
import { useEffect, useMemo, useRef } from "react";
import { useChat, useChatState, useRoom } from "./chat/context.ts";
import { sortRooms } from "./chat/order.ts";
import type { Row } from "./conversation/rows.ts";
import { useRows } from "./conversation/use-rows.ts";
import type { ChatState, Link, RoomState } from "./state/model.ts";
import { typingIn } from "./state/signals.ts";
import { shownEvents } from "./state/window.ts";

/** How things stand with the server. */
export function useConnection(): Link {
  return useChatState((state) => state.link);
}

/** The reader's rooms. */
export interface Rooms {
  readonly status: ChatState["listing"];
  /** By title; without inboxes. */
  readonly joined: readonly RoomState[];
  /** Public rooms that the reader has not joined. */
  readonly discoverable: readonly RoomState[];
}

/** Every room that the reader may see, with what is unread in it. */
export function useRooms(): Rooms {
  const status = useChatState((state) => state.listing);
  const rooms = useChatState((state) => state.rooms);
  return useMemo(() => ({ status, ...sortRooms(rooms) }), [status, rooms]);
}

/**
 * Opens a room for as long as the component is there: loads its newest messages and keeps them live.
 *
 * @param join Become a member if one is not, and may. Only the first value counts.
 */
export function useOpenRoom(id: string, join = false): RoomState | undefined {
  const chat = useChat();
  const mayJoin = useRef(join);
  useEffect(() => {
    void chat.open(id, mayJoin.current);
    mayJoin.current = false;
    return () => chat.leaveView(id);
  }, [chat, id]);
  return useRoom(id);
}

/** What is said in a room, as far as it is loaded. */
export interface Messages {
  readonly status: RoomState["status"];
  /** Oldest first: messages, and lines of people who came and went. */
  readonly rows: readonly Row[];
  readonly hasOlder: boolean;
  readonly older: RoomState["older"];
  loadOlder(): void;
}

const nothing = {
  events: [],
  outgoing: [],
  newAfter: undefined,
  floor: 0,
  changes: [],
  window: undefined,
  settings: {},
  pins: undefined,
  others: {},
} as const;

/** The messages of a room that `useOpenRoom` has opened. */
export function useMessages(id: string): Messages {
  const chat = useChat();
  const room = useRoom(id);
  const me = useChatState((state) => state.me);
  const rows = useRows(room ?? nothing, me);
  return {
    status: room?.status ?? "loading",
    rows,
    hasOlder: room !== undefined && (shownEvents(room)[0]?.sequence ?? 0) > room.floor + 1,
    older: room?.older ?? "idle",
    loadOlder: () => void chat.loadOlder(id),
  };
}

/** Who is in a room. Undefined until it is known. */
export interface Presence {
  readonly online: readonly WireUser[] | undefined;
  readonly members: readonly MemberView[] | undefined;
  /** Names of those who are writing in the room itself. */
  readonly typing: readonly string[];
}

/** The people of a room that `useOpenRoom` has opened. */
export function usePresence(id: string): Presence {
  const room = useRoom(id);
  return {
    online: room?.online,
    members: room?.members,
    typing: typingIn(room?.typing ?? {}, undefined).map((one) => one.name),
  };
}

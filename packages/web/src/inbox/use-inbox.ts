/** The reader's inboxes for components. */

import type { RoomState } from "@parlance/react";
import { inboxesOf, useChat, useChatState, useRoom } from "@parlance/react";
import { useEffect, useMemo, useState } from "react";
import { type Notice, noticesOf } from "./notification.ts";

/** So long on the screen, in a window in front, is read. */
const readAfterMs = 1_500;

/** Unread notifications. */
export function useUnreadNotices(): number {
  return useChatState((state) =>
    inboxesOf(state.me.id).reduce((sum, id) => sum + (state.rooms[id]?.unread ?? 0), 0),
  );
}

/** What an open panel shows. */
export interface OpenInbox {
  readonly status: "loading" | "ready" | "failed";
  readonly notices: readonly Notice[];
  /** Not read before the panel was opened. */
  isNew(notice: Notice): boolean;
  readonly hasNew: boolean;
  readonly hasOlder: boolean;
  readonly isLoadingOlder: boolean;
  loadOlder(): void;
  markAllRead(): void;
  tryAgain(): void;
}

/** Loads both inboxes, and counts them as read once they have been looked at for a moment. */
export function useOpenInbox(): OpenInbox {
  const chat = useChat();
  const me = useChatState((state) => state.me.id);
  const link = useChatState((state) => state.link.kind);
  const [own = "", named = ""] = inboxesOf(me);
  const first = useRoom(own);
  const second = useRoom(named);
  const rooms = useMemo(() => [first, second], [first, second]);
  const notices = useMemo(() => noticesOf(rooms), [rooms]);
  const isReady = rooms.every((room) => isSettled(room?.status));

  useEffect(() => {
    if (link !== "online") return;
    for (const id of [own, named]) void chat.loadInbox(id);
  }, [chat, link, own, named]);

  // Where news began when each inbox was first shown, so that it stays marked while one reads. Noted in the rendering
  // that shows it first: afterwards would be one picture late.
  const [newAfter, setNewAfter] = useState<Readonly<Record<string, number>>>({});
  const fresh = rooms.flatMap((room) =>
    room?.status === "ready" && !(room.id in newAfter)
      ? [[room.id, beginOfNews(room)] as const]
      : [],
  );
  if (fresh.length > 0) setNewAfter({ ...newAfter, ...Object.fromEntries(fresh) });

  useEffect(() => {
    if (!isReady) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const setReading = (isReading: boolean): void => {
      for (const id of [own, named]) chat.setReading(id, isReading);
    };
    const look = (): void => {
      clearTimeout(timer);
      const isLooking = document.visibilityState === "visible" && document.hasFocus();
      if (isLooking) timer = setTimeout(() => setReading(true), readAfterMs);
      else setReading(false);
    };
    look();
    document.addEventListener("visibilitychange", look);
    window.addEventListener("focus", look);
    window.addEventListener("blur", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
      window.removeEventListener("focus", look);
      window.removeEventListener("blur", look);
      for (const id of [own, named]) chat.leaveView(id);
    };
  }, [chat, isReady, own, named]);

  const isNew = ({ room, sequence }: Notice): boolean =>
    sequence > (newAfter[room] ?? Number.POSITIVE_INFINITY);
  const older = rooms.filter((room) => room !== undefined && hasOlder(room));
  return {
    status: isReady
      ? "ready"
      : rooms.some((room) => room?.status === "failed")
        ? "failed"
        : "loading",
    notices,
    isNew,
    hasNew: notices.some(isNew),
    hasOlder: older.length > 0,
    isLoadingOlder: older.some((room) => room?.older === "loading"),
    loadOlder: () => {
      for (const room of older) void chat.loadOlder(room?.id ?? "");
    },
    markAllRead: () => {
      for (const id of [own, named]) chat.markAllRead(id);
      setNewAfter(Object.fromEntries(rooms.map((room) => [room?.id ?? "", room?.head ?? 0])));
    },
    tryAgain: () => {
      for (const id of [own, named]) void chat.loadInbox(id);
    },
  };
}

/** Loaded, or there is nothing to load: a room of that name may be something else. */
function isSettled(status: RoomState["status"] | undefined): boolean {
  return status === "ready" || status === "absent" || status === "gone";
}

function beginOfNews(room: RoomState): number {
  if (room.unread === 0) return room.head;
  return room.newAfter ?? room.readMark ?? room.head;
}

function hasOlder(room: RoomState): boolean {
  return room.status === "ready" && (room.events[0]?.sequence ?? 0) > room.floor + 1;
}

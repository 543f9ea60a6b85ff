import { inboxesOf, isDnd, useChat, useChatState } from "@parlance/react";
import { useCallback, useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { PreferenceStore } from "../app/preferences.ts";
import { messagePath } from "../app/route.ts";
import { arriveAt } from "../app/use-route.ts";
import { startAlerts } from "./alerts.ts";
import { messageNotice } from "./message-notice.ts";
import { noticeOf } from "./notification.ts";

/**
 * Tells of the reader's notifications, of mentions and of what is said to them directly, for as long as the page is there.
 * `onOpen`: a notification was clicked.
 */
export function useAlerts(preferences: PreferenceStore, onOpen: () => void): void {
  const { t } = useTranslation();
  const chat = useChat();
  const me = useChatState((state) => state.me.id);
  /** Joined rooms but inboxes, as one text: ids have no blanks. */
  const rooms = useChatState((state) =>
    Object.values(state.rooms)
      .filter((room) => room.role !== undefined && room.kind !== "inbox")
      .map((room) => room.id)
      .toSorted()
      .join(" "),
  );
  const isWanted = useCallback(
    () => preferences.get().alerts === "on" && !isDnd(chat.get().own, Date.now()),
    [chat, preferences],
  );
  useEffect(
    () =>
      startAlerts({
        client: chat.client,
        rooms: inboxesOf(me),
        noticeOf,
        isWanted,
        title: () => t("appName"),
        summary: (count) => t("alertsSummary", { count }),
        onClick: onOpen,
      }),
    [chat, me, isWanted, onOpen, t],
  );
  useEffect(() => {
    if (rooms === "") return undefined;
    return startAlerts({
      client: chat.client,
      rooms: rooms.split(" "),
      noticeOf: (event) => messageNotice(event, chat.get(), Date.now()),
      isWanted,
      title: () => t("appName"),
      summary: (count) => t("alertsMessages", { count }),
      onClick: ({ room, sequence }) => arriveAt(messagePath(room, sequence)),
    });
  }, [chat, rooms, isWanted, t]);
}

import { inboxesOf, isDnd, useChat, useChatState } from "@parlance/react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { PreferenceStore } from "../app/preferences.ts";
import { startAlerts } from "./alerts.ts";

/** Tells of the reader's notifications for as long as the page is there. `onOpen`: one was clicked. */
export function useAlerts(preferences: PreferenceStore, onOpen: () => void): void {
  const { t } = useTranslation();
  const chat = useChat();
  const me = useChatState((state) => state.me.id);
  useEffect(
    () =>
      startAlerts({
        client: chat.client,
        rooms: inboxesOf(me),
        isWanted: () => preferences.get().alerts === "on" && !isDnd(chat.get().own, Date.now()),
        title: () => t("appName"),
        summary: (count) => t("alertsSummary", { count }),
        onClick: onOpen,
      }),
    [chat, me, preferences, onOpen, t],
  );
}

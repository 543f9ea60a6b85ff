import { inboxesOf, useChat, useChatState } from "@parlance/react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { PreferenceStore } from "../app/preferences.ts";
import { startAlerts } from "./alerts.ts";

/** Tells of the reader's notifications for as long as the page is there. `onOpen`: one was clicked. */
export function useAlerts(preferences: PreferenceStore, onOpen: () => void): void {
  const { t } = useTranslation();
  const { client } = useChat();
  const me = useChatState((state) => state.me.id);
  useEffect(
    () =>
      startAlerts({
        client,
        rooms: inboxesOf(me),
        isWanted: () => preferences.get().alerts === "on",
        title: () => t("appName"),
        summary: (count) => t("alertsSummary", { count }),
        onClick: onOpen,
      }),
    [client, me, preferences, onOpen, t],
  );
}

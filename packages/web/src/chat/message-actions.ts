/** What the app can do with a message beyond what the components do by themselves. A new one is a row here. */
import { type Chat, isThere, type MessageAction, useChat } from "@parlance/react";
import type { TFunction } from "i18next";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { messagePath } from "../app/route.ts";
import { mayPin } from "../keeping/may-pin.ts";
import type { Page } from "../shell/context.ts";
import { usePage } from "../shell/context.ts";

/** What an action may use. */
export interface ActionTools {
  readonly chat: Chat;
  readonly page: Page;
  readonly t: TFunction;
}

/** Each action, with its text in the reader's language. */
function pageActions({ chat, page, t }: ActionTools): readonly MessageAction[] {
  return [
    {
      id: "pin",
      label: t("actPin"),
      icon: "pin",
      isFor: (host) => isThere(host) && mayPin(host.room) && !host.row.isPinned,
      run: ({ row, room }) => chat.pin(room.id, row.messageId ?? "", true),
    },
    {
      id: "unpin",
      label: t("actUnpin"),
      icon: "pin",
      isFor: (host) => isThere(host) && mayPin(host.room) && host.row.isPinned,
      run: ({ row, room }) => chat.pin(room.id, row.messageId ?? "", false),
    },
    {
      id: "save",
      label: t("actSave"),
      icon: "bookmark",
      key: "s",
      isFor: (host) => isThere(host) && !host.row.isSaved,
      run: ({ row, room }) => chat.save(room.id, row.messageId ?? "", true),
    },
    {
      id: "unsave",
      label: t("actUnsave"),
      icon: "bookmark",
      key: "s",
      isFor: (host) => isThere(host) && host.row.isSaved,
      run: ({ row, room }) => chat.save(room.id, row.messageId ?? "", false),
    },
    {
      id: "forward",
      label: t("actForward"),
      icon: "forward",
      key: "f",
      isFor: (host) => isThere(host) && host.row.growth !== "open",
      run: ({ row, room }) => page.openDialog("forward", `${room.id}/${row.messageId ?? ""}`),
    },
    {
      id: "person",
      label: t("actPerson"),
      icon: "people",
      isFor: ({ row }) => !row.isUnverified && row.name !== "",
      run: ({ row }) => page.openDialog("person", row.author),
    },
    {
      id: "copy-link",
      label: t("actCopyLink"),
      icon: "link",
      key: "l",
      isFor: isThere,
      run: ({ row, room }) => {
        const path = messagePath(room.id, row.sequence ?? 0);
        void navigator.clipboard?.writeText(location.origin + path).catch(() => undefined);
      },
    },
  ];
}

/** The app's actions; the same array as long as nothing of it changes. */
export function usePageActions(): readonly MessageAction[] {
  const { t } = useTranslation();
  const chat = useChat();
  const page = usePage();
  return useMemo(() => pageActions({ chat, page, t }), [chat, page, t]);
}

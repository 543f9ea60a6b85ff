/** What can be done with a room from its menu. A new one is a row here. */
import {
  type Chat,
  isMuted,
  isStaff,
  type MenuItem,
  type RoomState,
  useChat,
  useChatState,
} from "@parlance/react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { type Page, usePage } from "../../shell/context.ts";

/** What the rows are made of. */
interface Tools {
  readonly chat: Chat;
  readonly page: Page;
  readonly t: TFunction;
  readonly room: RoomState;
  readonly isFavourite: boolean;
  readonly isMuted: boolean;
}

function itemsOf({ chat, page, t, room, isFavourite, isMuted: muted }: Tools): readonly MenuItem[] {
  const { id, kind, role, settings } = room;
  const isMember = role !== undefined;
  const isLookedAfter =
    isStaff(room) &&
    (kind === "public" || kind === "private" || kind === "announcement" || kind === "document");
  // What the server refuses goes back by itself.
  const prefer = (changes: Parameters<Chat["prefer"]>[1]): void =>
    void chat.prefer(id, changes).catch(() => undefined);
  const items: readonly (MenuItem | false)[] = [
    isMember && {
      id: "favourite",
      icon: "star",
      label: t(isFavourite ? "favouriteOff" : "favouriteOn"),
      run: () => prefer({ favourite: !isFavourite }),
    },
    isMember && {
      id: "mute",
      icon: muted ? "bell" : "mute",
      label: t(muted ? "muteOff" : "muteOn"),
      run: () => prefer({ muted_until: muted ? null : "forever" }),
    },
    isMember && {
      id: "for-you",
      icon: "sliders",
      label: t("forYou"),
      run: () => page.openDialog("for-you", id),
    },
    isMember &&
      room.unread > 0 && {
        id: "read",
        icon: "check",
        label: t("markRoomRead"),
        run: () => chat.markAllRead(id),
      },
    isMember &&
      kind === "direct" && {
        id: "hide",
        icon: "eye",
        label: t("hideRoom"),
        run: () => prefer({ hidden_at: room.head }),
      },
    kind !== "direct" &&
      kind !== "inbox" &&
      kind !== "job" && {
        id: "settings",
        icon: isLookedAfter ? "gear" : "info",
        label: t(isLookedAfter ? "roomSettings" : "aboutRoom"),
        run: () => page.openDialog("settings", id),
      },
    isLookedAfter && {
      id: "invite",
      icon: "invite",
      label: t("invite"),
      run: () => page.openDialog("invites", id),
    },
    isLookedAfter && {
      id: "archive",
      icon: "archive",
      label: t(settings.archived === true ? "unarchive" : "archive"),
      run: () => page.openDialog("archive", id),
    },
    isMember &&
      kind !== "direct" && {
        id: "leave",
        icon: "leave",
        label: t("leave"),
        run: () => page.openDialog("leave", id),
      },
  ];
  return items.filter((item) => item !== false);
}

/** The rows for one room, in the reader's language. */
export function useRoomMenu(room: RoomState): readonly MenuItem[] {
  const { t } = useTranslation();
  const chat = useChat();
  const page = usePage();
  const wish = useChatState((state) => state.preferences.rooms[room.id]);
  return itemsOf({
    chat,
    page,
    t,
    room,
    isFavourite: wish?.favourite === true,
    isMuted: isMuted(wish, Date.now()),
  });
}

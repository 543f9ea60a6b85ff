/** Where the reader was mentioned, in all rooms, the newest first. */
import type { MessageView } from "@parlance/client";
import { useChat, useChatState } from "@parlance/react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef } from "react";
import { messagePath } from "../app/route.ts";
import type { DialogProps } from "../shell/dialogs.tsx";
import { type ListedMessage, MessageListDialog } from "./message-list-dialog.tsx";
import { type Page, usePages } from "./use-pages.ts";
import { useUnreadMentions } from "./use-unread-mentions.ts";

const texts = {
  title: "mentions",
  empty: "mentionsEmpty",
  emptyHint: "mentionsEmptyHint",
  failed: "mentionsFailed",
} as const;

/** One that comes while it is open is put first. */
export function MentionsDialog({ onClose }: DialogProps): ReactNode {
  const chat = useChat();
  const load = useCallback(
    async (before: number | undefined): Promise<Page<MessageView>> => {
      const page = await chat.client.listMentions(before === undefined ? {} : { before });
      return { items: page.mentions, next: page.next };
    },
    [chat],
  );
  const pages = usePages(load);
  const rooms = useChatState((state) => state.rooms);
  const unread = useUnreadMentions();
  const before = useRef(unread);
  const { reload } = pages;
  useEffect(() => {
    if (unread > before.current) reload();
    before.current = unread;
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `reload` is new each time, and does the same
  }, [unread]);
  const items = useMemo(
    () =>
      pages.items.map((message): ListedMessage => {
        const room = rooms[message.room];
        const isInMainLine = message.thread === undefined;
        return {
          key: message.id,
          href: messagePath(message.room, message.sequence),
          room: room?.title ?? message.room,
          name: message.author_name,
          text: message.deleted === true ? undefined : message.text,
          time: message.time,
          isNew:
            isInMainLine &&
            room !== undefined &&
            room.unread > 0 &&
            message.sequence > (room.readMark ?? 0),
        };
      }),
    [pages.items, rooms],
  );
  return <MessageListDialog texts={texts} pages={pages} items={items} onClose={onClose} />;
}

/** The threads that the reader follows, in all rooms, the one written in last first. */
import type { ThreadView } from "@parlance/client";
import { useChat, useChatState } from "@parlance/react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { threadPath } from "../app/route.ts";
import type { DialogProps } from "../shell/dialogs.tsx";
import { type ListedMessage, MessageListDialog } from "./message-list-dialog.tsx";
import { type Page, usePages } from "./use-pages.ts";
import { useUnreadThreads } from "./use-unread-threads.ts";

const texts = {
  title: "threads",
  empty: "threadsEmpty",
  emptyHint: "threadsEmptyHint",
  failed: "threadsFailed",
} as const;

/** What is unread is live; the order is that of the last look. */
export function ThreadsDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const load = useCallback(
    async (before: number | undefined): Promise<Page<ThreadView>> => {
      const page = await chat.client.listThreads(before === undefined ? {} : { before });
      return { items: page.threads, next: page.next };
    },
    [chat],
  );
  const pages = usePages(load);
  const standings = useChatState((state) => state.threads);
  const rooms = useChatState((state) => state.rooms);
  const unread = useUnreadThreads();
  const before = useRef(unread);
  const { reload } = pages;
  useEffect(() => {
    // Something came: its thread is the first now.
    if (unread > before.current) reload();
    before.current = unread;
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `reload` is new each time, and does the same
  }, [unread]);
  const items = useMemo(
    () =>
      pages.items
        .filter(({ thread }) => standings[thread]?.following !== false)
        .map(({ room, thread, root, unread: told }): ListedMessage => {
          const count = standings[thread]?.unread ?? told;
          const replies = t("replyCount", { count: root.replies?.count ?? 0 });
          return {
            key: thread,
            href: threadPath(room, root.sequence),
            room: rooms[room]?.title ?? room,
            name: root.author_name,
            text: root.deleted === true ? undefined : root.text,
            time: root.replies?.last_time ?? root.time,
            isNew: count > 0,
            note: count > 0 ? `${replies} · ${t("unread", { count })}` : replies,
          };
        }),
    [pages.items, standings, rooms, t],
  );
  return <MessageListDialog texts={texts} pages={pages} items={items} onClose={onClose} />;
}

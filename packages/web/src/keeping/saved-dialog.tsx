/** What the reader saved, wherever it was said. */
import type { MessageView } from "@parlance/client";
import { Dialog, Icon, useChat, useChatState } from "@parlance/react";
import { type ReactNode, useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { DialogProps } from "../shell/dialogs.tsx";
import { Excerpt, ListFrame } from "./excerpts.tsx";
import { type ListPage, useList } from "./use-list.ts";
import { useGoToMessage } from "./use-place.ts";

/** Messages of one page. */
const pageSize = 50;

/** Follows what other devices save: asked again whenever that changes. */
export function SavedDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const goTo = useGoToMessage();
  const rooms = useChatState((state) => state.rooms);
  const saved = useChatState((state) => state.kept.saved);
  const load = useCallback(
    async (before?: number): Promise<ListPage<MessageView, number>> => {
      const query = before === undefined ? { limit: pageSize } : { limit: pageSize, before };
      const page = await chat.client.saved(query);
      return { items: page.saved, next: page.next };
    },
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- other saved messages are another list
    [chat, saved],
  );
  const list = useList(load);
  return (
    <Dialog title={t("savedTitle")} onClose={onClose} className="kept">
      <ListFrame
        list={list}
        label={t("savedTitle")}
        empty={t("savedEmpty")}
        hint={t("savedEmptyHint")}
      >
        {(items) =>
          items.map((message) => (
            <Excerpt
              key={message.id}
              message={message}
              room={rooms[message.room]?.title ?? message.room}
              onGo={() => {
                onClose();
                requestAnimationFrame(() => goTo(message));
              }}
            >
              <button
                type="button"
                className="icon-button excerpt-act"
                aria-label={t("actUnsave")}
                title={t("actUnsave")}
                onClick={() => chat.save(message.room, message.id, false)}
              >
                <Icon name="close" small />
              </button>
            </Excerpt>
          ))
        }
      </ListFrame>
    </Dialog>
  );
}

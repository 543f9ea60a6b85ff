/** The pinned messages of a room. */
import type { PinView } from "@parlance/client";
import { Icon, useChat } from "@parlance/react";
import { type ReactNode, useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { PanelProps } from "../shell/panels.tsx";
import { Excerpt, ListFrame } from "./excerpts.tsx";
import { mayPin } from "./may-pin.ts";
import { useLeavePanel } from "./use-leave-panel.ts";
import { type ListPage, useList } from "./use-list.ts";
import { useGoToMessage } from "./use-place.ts";

/** Follows what others pin: asked again whenever the room's pins change. */
export function PinsPanel({ room }: PanelProps): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const goTo = useGoToMessage();
  const leave = useLeavePanel();
  const { id, pins } = room;
  const load = useCallback(
    async (): Promise<ListPage<PinView, never>> => ({
      items: (await chat.client.room(id).pins()).pins,
    }),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- other pins are another list
    [chat, id, pins],
  );
  const list = useList(load);
  const names = new Map<string, string>(room.members?.map(({ user }) => [user.id, user.name]));
  return (
    <ListFrame list={list} label={t("pins")} empty={t("pinsEmpty")} hint={t("pinsEmptyHint")}>
      {(items) =>
        items.map(({ message, by }) => {
          const name = names.get(by);
          return (
            <Excerpt
              key={message.id}
              message={message}
              note={name === undefined ? undefined : t("pinnedBy", { name: `\u2068${name}\u2069` })}
              onGo={() => leave(() => goTo(message))}
            >
              {!mayPin(room) ? null : (
                <button
                  type="button"
                  className="icon-button excerpt-act"
                  aria-label={t("actUnpin")}
                  title={t("actUnpin")}
                  onClick={() => chat.pin(id, message.id, false)}
                >
                  <Icon name="close" small />
                </button>
              )}
            </Excerpt>
          );
        })
      }
    </ListFrame>
  );
}

/** What the reader has begun to write, in all rooms. */
import type { Draft } from "@parlance/client";
import { Dialog, draftKey, Icon, useChat, useChatState } from "@parlance/react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { roomPath } from "../app/route.ts";
import { navigate } from "../app/use-route.ts";
import type { DialogProps } from "../shell/dialogs.tsx";
import { ArrowList, ShortTime } from "./excerpts.tsx";
import { useGoToThread } from "./use-place.ts";

/** Live: another device's drafts come and go. */
export function DraftsDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const drafts = useChatState((state) => state.kept.drafts);
  return (
    <Dialog title={t("drafts")} onClose={onClose} className="kept">
      <ArrowList label={t("drafts")}>
        {drafts === undefined ? <p className="kept-note late">{t("listLoading")}</p> : null}
        {drafts?.length === 0 ? (
          <div className="empty kept-note">
            <h3>{t("draftsEmpty")}</h3>
            <p>{t("draftsEmptyHint")}</p>
          </div>
        ) : null}
        <ul>
          {drafts?.map((draft) => (
            <DraftItem key={draftKey(draft.room, draft.thread)} draft={draft} onClose={onClose} />
          ))}
        </ul>
      </ArrowList>
    </Dialog>
  );
}

function DraftItem({ draft, onClose }: { draft: Draft; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const goToThread = useGoToThread();
  const title = useChatState((state) => state.rooms[draft.room]?.title) ?? draft.room;
  const go = (): void => {
    onClose();
    const { room, thread } = draft;
    if (thread === undefined) navigate(roomPath(room));
    else goToThread(room, thread);
  };
  return (
    <li className="excerpt" data-testid="draft">
      <button type="button" className="excerpt-main" data-item onClick={go}>
        <span className="excerpt-head">
          <bdi className="excerpt-who">{title}</bdi>
          <ShortTime time={draft.edited_at} />
        </span>
        <span className="excerpt-text" dir="auto">
          {draft.text}
        </span>
      </button>
      <button
        type="button"
        className="icon-button excerpt-act"
        aria-label={t("draftDiscard", { room: title })}
        title={t("draftDiscard", { room: title })}
        onClick={() => chat.drafts.discard(draftKey(draft.room, draft.thread))}
      >
        <Icon name="trash" small />
      </button>
    </li>
  );
}

/** A thread beside its room: what was written under one message, and a field to write in it. */
import { type ReactNode, useEffect, useState } from "react";
import { useChat, useChatState } from "../chat/context.ts";
import { ClosedBar, closedTo } from "../composer/closed-bar.tsx";
import { Composer } from "../composer/composer.tsx";
import type { MessageAction } from "../conversation/actions.ts";
import { RoomSkeleton } from "../conversation/room-skeleton.tsx";
import { useThreadRows } from "../conversation/use-rows.ts";
import { TypingLine } from "../people/typing-line.tsx";
import type { RoomState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import { ThreadList } from "./thread-list.tsx";

const noActions: readonly MessageAction[] = [];

/**
 * Fills its parent, which gives it a height.
 *
 * @param room A room that is ready.
 * @param root Id of the message that the thread is under.
 */
export function ThreadPanel({
  room,
  root,
  actions = noActions,
}: {
  room: RoomState;
  root: string;
  actions?: readonly MessageAction[];
}): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const thread = room.threads[root];
  const [isAtEnd, setAtEnd] = useState(false);
  const isMissing = thread === undefined;
  useEffect(() => {
    if (isMissing) void chat.openThread(room.id, root);
  }, [chat, room.id, root, isMissing]);
  useReadingThread(room.id, root, isAtEnd && thread?.status === "ready");

  const rows = useThreadRows(room, root, thread);
  const why = closedTo(room);
  return (
    <div className="thread" data-testid="thread">
      {thread?.status === "ready" ? (
        <>
          <Follow room={room} root={root} />
          <ThreadList
            room={room}
            root={root}
            thread={thread}
            rows={rows}
            actions={actions}
            onEnd={setAtEnd}
          />
        </>
      ) : thread?.status === "failed" ? (
        <div className="none">
          <div className="empty">
            <h3 role="status">{t("threadFailed")}</h3>
            <button
              type="button"
              className="button"
              onClick={() => void chat.openThread(room.id, root)}
            >
              {t("tryAgain")}
            </button>
          </div>
        </div>
      ) : (
        <RoomSkeleton />
      )}
      <TypingLine room={room} thread={root} />
      {room.role === undefined ? null : why === undefined ? (
        <Composer roomId={room.id} thread={root} title={room.title} takesFocus />
      ) : (
        <ClosedBar why={why} />
      )}
    </div>
  );
}

function Follow({ room, root }: { room: RoomState; root: string }): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const isFollowing = useChatState((state) => state.threads[root]?.following === true);
  if (room.role === undefined) return null;
  return (
    <div className="thread-tools">
      <button
        type="button"
        className="link"
        aria-pressed={isFollowing}
        title={t(isFollowing ? "threadUnfollowHint" : "threadFollowHint")}
        data-testid="follow-thread"
        onClick={() => chat.followThread(room.id, root, !isFollowing)}
      >
        <Icon name={isFollowing ? "bell" : "mute"} small />
        {t(isFollowing ? "threadFollowing" : "threadFollow")}
      </button>
    </div>
  );
}

/** Whether somebody really reads it: the end is shown, in a window that is in front. */
function useReadingThread(room: string, root: string, isShown: boolean): void {
  const chat = useChat();
  useEffect(() => {
    const tell = (): void =>
      chat.setReadingThread(
        room,
        root,
        isShown && document.visibilityState === "visible" && document.hasFocus(),
      );
    tell();
    document.addEventListener("visibilitychange", tell);
    window.addEventListener("focus", tell);
    window.addEventListener("blur", tell);
    return () => {
      document.removeEventListener("visibilitychange", tell);
      window.removeEventListener("focus", tell);
      window.removeEventListener("blur", tell);
      chat.setReadingThread(room, root, false);
    };
  }, [chat, room, root, isShown]);
}

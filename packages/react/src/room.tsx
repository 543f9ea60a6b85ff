/** A whole room, for pages of other people: what is said, who is writing, and a field to write in. */
import { type ReactNode, useRef, useState } from "react";
import { useChat } from "./chat/context.ts";
import { ClosedBar, closedTo } from "./composer/closed-bar.tsx";
import { Composer } from "./composer/composer.tsx";
import { ConnectionLine } from "./conversation/connection-line.tsx";
import { History } from "./conversation/history.tsx";
import { JoinBar } from "./conversation/join-bar.tsx";
import type { HistoryHandle } from "./conversation/message-list.tsx";
import { RoomSkeleton } from "./conversation/room-skeleton.tsx";
import { DropZone } from "./files/drop-zone.tsx";
import { UploadList } from "./files/upload-list.tsx";
import { useFiles } from "./files/use-files.ts";
import { useOpenRoom } from "./hooks.ts";
import { TypingLine } from "./people/typing-line.tsx";
import type { RoomState } from "./state/model.ts";
import { useTexts } from "./texts/texts.tsx";
import { ThreadPanel } from "./threads/thread-panel.tsx";
import { Dialog } from "./ui/dialog.tsx";

/**
 * Fills its parent, which gives it a height.
 *
 * @param join Become a member if one is not, and may.
 */
export function Room({ id, join = false }: { id: string; join?: boolean }): ReactNode {
  const room = useOpenRoom(id, join);
  const history = useRef<HistoryHandle>(null);
  const [thread, setThread] = useState<string>();
  const { t } = useTexts();
  const files = useFiles(room, history);
  const isReady = room?.status === "ready";
  const why = room === undefined ? undefined : closedTo(room);
  return (
    <div className="parlance">
      <section className="conversation whole" aria-label={room?.title ?? id}>
        <ConnectionLine />
        {room === undefined || room.status === "known" || room.status === "loading" ? (
          <RoomSkeleton />
        ) : isReady ? (
          <DropZone room={room.title} onFiles={files}>
            <History key={`${id}/${room.epoch}`} ref={history} room={room} onThread={setThread} />
            <UploadList room={room} />
          </DropZone>
        ) : (
          <Closed room={room} />
        )}
        {isReady ? <TypingLine room={room} /> : null}
        {isReady && room.role === undefined ? <JoinBar room={room} /> : null}
        {isReady && room.role !== undefined && why !== undefined ? <ClosedBar why={why} /> : null}
        {isReady && room.role !== undefined && why === undefined ? (
          <Composer
            key={id}
            roomId={id}
            title={room.title}
            onSent={() => history.current?.toEnd()}
            {...(files === undefined ? {} : { onFiles: files })}
            onMessages={() => history.current?.focusLast()}
          />
        ) : null}
        {isReady && thread !== undefined ? (
          <Dialog title={t("thread")} onClose={() => setThread(undefined)} className="sheet">
            <ThreadPanel room={room} root={thread} />
          </Dialog>
        ) : null}
      </section>
    </div>
  );
}

function Closed({ room }: { room: RoomState }): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  return (
    <div className="none">
      <div className="empty">
        <h2 role="status">{t(room.status === "failed" ? "roomFailedTitle" : "goneTitle")}</h2>
        {room.status === "failed" ? (
          <button type="button" className="button" onClick={() => void chat.reload(room.id)}>
            {t("tryAgain")}
          </button>
        ) : (
          <p>{t("goneHint")}</p>
        )}
      </div>
    </div>
  );
}

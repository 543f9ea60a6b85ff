/** A whole room, for pages of other people: what is said, who is writing, and a field to write in. */
import { type ReactNode, useRef } from "react";
import { useChat } from "./chat/context.ts";
import { Composer } from "./composer/composer.tsx";
import { ConnectionLine } from "./conversation/connection-line.tsx";
import { History, type HistoryHandle } from "./conversation/history.tsx";
import { JoinBar } from "./conversation/join-bar.tsx";
import { RoomSkeleton } from "./conversation/room-skeleton.tsx";
import { useOpenRoom } from "./hooks.ts";
import { TypingLine } from "./people/typing-line.tsx";
import type { RoomState } from "./state/model.ts";
import { useTexts } from "./texts/texts.tsx";

/**
 * Fills its parent, which gives it a height.
 *
 * @param join Become a member if one is not, and may.
 */
export function Room({ id, join = false }: { id: string; join?: boolean }): ReactNode {
  const room = useOpenRoom(id, join);
  const history = useRef<HistoryHandle>(null);
  const isReady = room?.status === "ready";
  return (
    <section className="parlance conversation" aria-label={room?.title ?? id}>
      <ConnectionLine />
      {room === undefined || room.status === "known" || room.status === "loading" ? (
        <RoomSkeleton />
      ) : isReady ? (
        <History key={`${id}/${room.epoch}`} ref={history} room={room} />
      ) : (
        <Closed room={room} />
      )}
      {isReady ? <TypingLine room={room} /> : null}
      {isReady && room.role === undefined ? <JoinBar room={room} /> : null}
      {isReady && room.role !== undefined ? (
        <Composer
          key={id}
          roomId={id}
          title={room.title}
          onSent={() => history.current?.toEnd()}
          onMessages={() => history.current?.focusLast()}
        />
      ) : null}
    </section>
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

/**
 * The messages of a room, or of a place further back in its log. Each jump to another piece of the log is a list of
 * its own, so that the list below only ever grows at its ends.
 */
import { type ReactNode, type Ref, useEffect, useState } from "react";
import { useChat } from "../chat/context.ts";
import type { RoomState } from "../state/model.ts";
import { shownEvents } from "../state/window.ts";
import { useTexts } from "../texts/texts.tsx";
import type { MessageAction } from "./actions.ts";
import { Announcer } from "./announcer.tsx";
import { type HistoryHandle, MessageList } from "./message-list.tsx";
import { RoomSkeleton } from "./room-skeleton.tsx";

const noActions: readonly MessageAction[] = [];

/**
 * @param room A room that is ready. One instance per life of its log (`key`).
 * @param onPlace Goes to a place of any room; the same function each time. Absent: there is no way to.
 * @param onThread Opens the thread under a message (its id); the same function each time. Absent: there is no place for threads.
 * @param actions What the page can do with messages beyond the standard acts; the same array each time.
 */
export function History({
  room,
  actions = noActions,
  onPlace,
  onThread,
  ref,
}: {
  room: RoomState;
  actions?: readonly MessageAction[];
  onPlace?: (room: string, sequence: number) => void;
  onThread?: (message: string) => void;
  ref: Ref<HistoryHandle>;
}): ReactNode {
  usePins(room);
  const events = shownEvents(room);
  const first = events[0]?.sequence ?? 0;
  const last = events.at(-1)?.sequence ?? 0;
  const [piece, setPiece] = useState({ first, number: 0 });
  // Another piece of the log: what was first is not in it any more. Older messages only come before it.
  const isElsewhere = piece.first > 0 && first > 0 && (piece.first < first || piece.first > last);
  if (piece.first !== first) {
    setPiece({ first, number: isElsewhere ? piece.number + 1 : piece.number });
  }
  const number = isElsewhere ? piece.number + 1 : piece.number;
  const isLoading = room.window !== undefined && room.window.events === undefined;
  return (
    <div className="history-frame">
      <EdgeNote room={room} />
      {isLoading ? (
        <RoomSkeleton />
      ) : (
        <MessageList
          key={number}
          ref={ref}
          room={room}
          actions={actions}
          onPlace={onPlace}
          onThread={onThread}
        />
      )}
      <Announcer room={room} />
    </div>
  );
}

/** Which messages are pinned is asked once, and followed by events from then on. */
function usePins({ id, pins }: RoomState): void {
  const chat = useChat();
  useEffect(() => {
    if (pins === undefined) void chat.listPins(id);
  }, [chat, id, pins]);
}

/** What is going on at the ends of the list. It lies over it, so that nothing moves when it goes. */
function EdgeNote({ room }: { room: RoomState }): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const newer = room.window?.newer ?? "idle";
  if (room.older !== "idle") {
    return (
      <div className="edge-note late" role="status">
        {room.older === "loading" ? (
          t("loadingOlder")
        ) : (
          <>
            {t("olderFailed")}{" "}
            <button type="button" className="link" onClick={() => void chat.loadOlder(room.id)}>
              {t("tryAgain")}
            </button>
          </>
        )}
      </div>
    );
  }
  if (newer === "idle") return null;
  return (
    <div className="edge-note below late" role="status">
      {newer === "loading" ? (
        t("loadingNewer")
      ) : (
        <>
          {t("newerFailed")}{" "}
          <button type="button" className="link" onClick={() => void chat.loadNewer(room.id)}>
            {t("tryAgain")}
          </button>
        </>
      )}
    </div>
  );
}

/** One room: header, connection, history, composer, and the people beside it. */
import { type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { landingRoom } from "../../app/route.ts";
import { goBackTo } from "../../app/use-route.ts";
import { InboxButton } from "../../inbox/inbox-button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Composer } from "../composer/composer.tsx";
import type { Drafts } from "../composer/drafts.ts";
import { useRoom } from "../context.ts";
import { JobView } from "../job/job-view.tsx";
import type { RoomState } from "../model.ts";
import { PeoplePanel } from "../people/people-panel.tsx";
import { TypingLine } from "../people/typing-line.tsx";
import { roomIcon } from "../rooms/room-list.tsx";
import { Completeness } from "./completeness.tsx";
import { ConnectionLine } from "./connection-line.tsx";
import { FirstMinute } from "./first-minute.tsx";
import { History, type HistoryHandle } from "./history.tsx";
import { JoinBar } from "./join-bar.tsx";
import { Refused } from "./refused.tsx";

/** @param token The session's token, for the `curl` line of the first minute. */
export function Conversation({
  roomId,
  token,
  drafts,
  onUseHere,
  onInbox,
}: {
  roomId: string;
  token: string;
  drafts: Drafts;
  onUseHere: () => void;
  onInbox: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const room = useRoom(roomId);
  const history = useRef<HistoryHandle>(null);
  const [isPeopleOpen, setPeopleOpen] = useState(false);
  const isReady = room?.status === "ready";
  return (
    <>
      <main className="conversation">
        <Header
          room={room}
          isPeopleOpen={isPeopleOpen}
          onPeople={() => setPeopleOpen(true)}
          onInbox={onInbox}
        />
        {isReady && roomId === landingRoom ? <FirstMinute room={room} token={token} /> : null}
        <ConnectionLine onUseHere={onUseHere} />
        {room === undefined || room.status === "known" || room.status === "loading" ? (
          <Loading />
        ) : isReady && room.kind === "job" ? (
          <JobView room={room} />
        ) : isReady ? (
          <History key={room.epoch} ref={history} room={room} />
        ) : (
          <Refused room={room} />
        )}
        {isReady ? <TypingLine room={room} /> : <div className="typing-line" />}
        {isWrittenByBackEnds(room) ? null : isReady && room.role === undefined ? (
          <JoinBar room={room} />
        ) : isRefused(room) ? null : (
          <Composer
            roomId={roomId}
            title={knownTitle(room)}
            drafts={drafts}
            onSent={() => history.current?.toEnd()}
            onMessages={() => history.current?.focusLast()}
          />
        )}
      </main>
      <aside className="side" aria-label={t("people")}>
        {isReady ? <PeoplePanel room={room} /> : null}
      </aside>
      {isPeopleOpen && isReady ? (
        <Dialog title={t("people")} onClose={() => setPeopleOpen(false)}>
          <div className="content">
            <PeoplePanel room={room} />
          </div>
        </Dialog>
      ) : null}
    </>
  );
}

function Header({
  room,
  isPeopleOpen,
  onPeople,
  onInbox,
}: {
  room: RoomState | undefined;
  isPeopleOpen: boolean;
  onPeople: () => void;
  onInbox: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const here = room?.online?.length;
  return (
    <header className="bar">
      <button
        type="button"
        className="icon-button back"
        aria-label={t("back")}
        onClick={() => goBackTo("/")}
      >
        <Icon name="back" />
      </button>
      <div className="bar-title">
        <h1>
          <Icon name={roomIcon(room ?? { kind: "public" })} />
          <bdi>
            {knownTitle(room) ??
              (room?.status === "gone" || room?.status === "absent" ? t("unknownRoom") : "")}
          </bdi>
        </h1>
        {room?.status === "ready" ? <Completeness room={room} /> : null}
      </div>
      <InboxButton where="conversation" onOpen={onInbox} />
      <button
        type="button"
        className="button people-button"
        aria-haspopup="dialog"
        aria-expanded={isPeopleOpen}
        disabled={room?.status !== "ready"}
        onClick={onPeople}
      >
        <Icon name="people" />
        <span>{here === undefined ? t("people") : t("hereCount", { count: here })}</span>
      </button>
    </header>
  );
}

/** An id says nothing to people, so there is no title until the server has told it. */
function knownTitle(room: RoomState | undefined): string | undefined {
  return room === undefined || room.epoch === "" ? undefined : room.title;
}

function Loading(): ReactNode {
  return (
    <div className="history-skeleton late" aria-busy="true">
      {[62, 38, 74, 50].map((width) => (
        <div key={width} className="skeleton-message">
          <div className="skeleton square" />
          <div>
            <div className="skeleton short" />
            <div className="skeleton" style={{ inlineSize: `${width}%` }} />
          </div>
        </div>
      ))}
    </div>
  );
}

/** Nobody writes there by hand, and nobody becomes a member by asking. */
function isWrittenByBackEnds(room: RoomState | undefined): boolean {
  return room?.status === "ready" && (room.kind === "job" || room.kind === "inbox");
}

function isRefused(room: RoomState | undefined): boolean {
  return room?.status === "absent" || room?.status === "gone" || room?.status === "failed";
}

/** One room: header, connection, history, composer. */
import {
  ClosedBar,
  Completeness,
  Composer,
  ConnectionLine,
  closedTo,
  DropZone,
  History,
  type HistoryHandle,
  Icon,
  JoinBar,
  RoomSkeleton,
  type RoomState,
  TypingLine,
  UploadList,
  useFiles,
  useOpenRoom,
} from "@parlance/react";
import { type ReactNode, useCallback, useRef } from "react";
import { useTranslation } from "react-i18next";
import { landingRoom } from "../../app/route.ts";
import { goHome } from "../../app/use-route.ts";
import { InboxButton } from "../../inbox/inbox-button.tsx";
import { useGoToPlace } from "../../keeping/use-place.ts";
import { usePage } from "../../shell/context.ts";
import { laterPanel } from "../../shell/later.tsx";
import { type PanelName, panels } from "../../shell/panels.tsx";
import { JobView } from "../job/job-view.tsx";
import { usePageActions } from "../message-actions.ts";
import { RoomMark } from "../rooms/room-mark.tsx";
import { RoomMenuButton } from "../rooms/room-menu-button.tsx";
import { FirstMinute } from "./first-minute.tsx";
import { Refused } from "./refused.tsx";

const DocumentView = laterPanel(
  async () => (await import("../../document/document-view.tsx")).DocumentView,
);

/**
 * @param mayJoin Become a member if one is not.
 * @param panel The panel that is open beside it.
 */
export function Conversation({
  roomId,
  mayJoin,
  panel,
}: {
  roomId: string;
  mayJoin: boolean;
  panel: PanelName | undefined;
}): ReactNode {
  const page = usePage();
  const room = useOpenRoom(roomId, mayJoin);
  const history = useRef<HistoryHandle>(null);
  const files = useFiles(room, history);
  const actions = usePageActions();
  const goTo = useGoToPlace();
  const { openPanel } = page;
  const onThread = useCallback((root: string) => openPanel("thread", root), [openPanel]);
  const isReady = room?.status === "ready";
  const why = room === undefined ? undefined : closedTo(room);
  return (
    <main className="conversation">
      <Header room={room} panel={panel} />
      {isReady && roomId === landingRoom ? <FirstMinute room={room} token={page.token} /> : null}
      <ConnectionLine onUseHere={page.useHere} />
      {room === undefined || room.status === "known" || room.status === "loading" ? (
        <RoomSkeleton />
      ) : isReady && room.kind === "job" ? (
        <JobView room={room} />
      ) : isReady && room.kind === "document" ? (
        <DocumentView key={room.id} room={room} />
      ) : isReady ? (
        <DropZone room={room.title} onFiles={files}>
          <History
            key={room.epoch}
            ref={history}
            room={room}
            actions={actions}
            onPlace={goTo}
            onThread={onThread}
          />
          <UploadList room={room} />
        </DropZone>
      ) : (
        <Refused room={room} />
      )}
      {isReady ? <TypingLine room={room} /> : <div className="typing-line" />}
      {isWrittenElsewhere(room) ? null : isReady && room.role === undefined ? (
        <JoinBar room={room} />
      ) : isRefused(room) ? null : why !== undefined && isReady ? (
        <ClosedBar why={why} />
      ) : (
        <Composer
          roomId={roomId}
          title={knownTitle(room)}
          takesFocus
          {...(files === undefined ? {} : { onFiles: files })}
          onPoll={() => page.openDialog("poll", roomId)}
          onSent={() => history.current?.toEnd()}
          onMessages={() => history.current?.focusLast()}
        />
      )}
    </main>
  );
}

function Header({
  room,
  panel,
}: {
  room: RoomState | undefined;
  panel: PanelName | undefined;
}): ReactNode {
  const { t } = useTranslation();
  const page = usePage();
  const here = room?.online?.length;
  const waiting = room?.requests?.length ?? 0;
  return (
    <header className="bar">
      <button
        type="button"
        className="icon-button back"
        aria-label={t("back")}
        onClick={() => goHome()}
      >
        <Icon name="back" />
      </button>
      <div className="bar-title">
        <h1>
          {room === undefined ? <Icon name="hash" /> : <RoomMark room={room} />}
          <bdi>
            {knownTitle(room) ??
              (room?.status === "gone" || room?.status === "absent" ? t("unknownRoom") : "")}
          </bdi>
        </h1>
        {room?.status === "ready" ? (
          <div className="bar-sub">
            <Completeness room={room} />
            {room.settings.topic === undefined ? null : (
              <bdi className="topic" title={room.settings.topic}>
                {room.settings.topic}
              </bdi>
            )}
          </div>
        ) : null}
      </div>
      <InboxButton where="conversation" onOpen={() => page.openDialog("inbox")} />
      {panelNames.map((name) => {
        const count = room === undefined ? 0 : panels[name].countOf?.(room);
        return count === 0 ? null : (
          <button
            key={name}
            type="button"
            className={`button panel-button ${name}-button`}
            aria-haspopup="dialog"
            aria-expanded={panel === name}
            aria-label={
              name === "people" && here !== undefined
                ? undefined
                : count === undefined
                  ? t(panels[name].title)
                  : `${t(panels[name].title)}, ${count}`
            }
            title={t(panels[name].title)}
            disabled={room?.status !== "ready"}
            onClick={() => page.openPanel(name)}
          >
            <Icon name={panels[name].icon} />
            {name === "people" ? (
              <span>{here === undefined ? t("people") : t("hereCount", { count: here })}</span>
            ) : count === undefined ? null : (
              <span>{count}</span>
            )}
            {name === "people" && waiting > 0 ? (
              <span className="badge" title={t("requests")} data-testid="requests-count">
                {waiting}
                <span className="hidden-visually"> {t("requests")}</span>
              </span>
            ) : null}
          </button>
        );
      })}
      {room?.status === "ready" && room.kind !== "inbox" && room.kind !== "job" ? (
        <RoomMenuButton room={room} className="room-menu" />
      ) : null}
    </header>
  );
}

const panelNames = (Object.keys(panels) as PanelName[]).filter((name) => panels[name].hasButton);

/** An id says nothing to people, so there is no title until the server has told it. */
function knownTitle(room: RoomState | undefined): string | undefined {
  return room === undefined || room.epoch === "" ? undefined : room.title;
}

/** Back ends write there, or people in another field, and nobody becomes a member by asking. */
function isWrittenElsewhere(room: RoomState | undefined): boolean {
  return room?.status === "ready" && ["job", "inbox", "document"].includes(room.kind);
}

function isRefused(room: RoomState | undefined): boolean {
  return room?.status === "absent" || room?.status === "gone" || room?.status === "failed";
}

/** The side with the rooms, and who one is. */

import type { RoomState } from "@parlance/react";
import { Avatar, Icon, sortRooms, useChat, useChatState } from "@parlance/react";
import { type MouseEvent, memo, type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { roomPath } from "../../app/route.ts";
import { navigate } from "../../app/use-route.ts";
import { InboxButton } from "../../inbox/inbox-button.tsx";
import { usePage } from "../../shell/context.ts";
import { roomIcon } from "./room-icon.ts";
import { Views } from "./views.tsx";

/** @param current Id of the room that is open. */
export function RoomList({ current }: { current: string | undefined }): ReactNode {
  const { t } = useTranslation();
  const { openDialog } = usePage();
  const me = useChatState((state) => state.me);
  return (
    <nav className="rooms" aria-label={t("rooms")}>
      <header className="bar">
        <h1>{t("appName")}</h1>
        <InboxButton where="rooms" onOpen={() => openDialog("inbox")} />
        <button
          type="button"
          className="icon-button"
          aria-label={t("switcher")}
          title={`${t("switcher")} (Ctrl K)`}
          onClick={() => openDialog("palette")}
        >
          <Icon name="search" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={t("createRoom")}
          title={t("createRoom")}
          onClick={() => openDialog("create")}
        >
          <Icon name="plus" />
        </button>
      </header>
      <div className="rooms-scroll">
        <Views />
        <Rooms current={current} onCreate={() => openDialog("create")} />
      </div>
      <footer className="me">
        <Avatar id={me.id} name={me.name} small />
        <span className="me-name">
          <bdi>{me.name}</bdi>
          {me.kind === "guest" ? <span className="quiet"> {t("guest")}</span> : null}
        </span>
        <button
          type="button"
          className="icon-button keys"
          aria-label={t("keys")}
          title={`${t("keys")} (?)`}
          onClick={() => openDialog("keys")}
        >
          <Icon name="keyboard" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={t("preferences")}
          title={t("preferences")}
          onClick={() => openDialog("preferences")}
        >
          <Icon name="sliders" />
        </button>
      </footer>
    </nav>
  );
}

function Rooms({
  current,
  onCreate,
}: {
  current: string | undefined;
  onCreate: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const listing = useChatState((state) => state.listing);
  const rooms = useChatState((state) => state.rooms);
  const { joined, discoverable } = useMemo(() => sortRooms(rooms), [rooms]);

  if (listing === "loading") return <ListSkeleton />;
  if (listing === "failed") {
    return (
      <div className="rooms-note">
        <p>{t("roomsFailed")}</p>
        <button type="button" className="link" onClick={() => void chat.listRooms()}>
          {t("tryAgain")}
        </button>
      </div>
    );
  }
  return (
    <>
      {joined.length === 0 ? (
        <div className="rooms-note">
          <p>{t("roomsEmpty")}</p>
          <p>{t("roomsEmptyHint")}</p>
          <button type="button" className="link" onClick={onCreate}>
            {t("createRoom")}
          </button>
        </div>
      ) : (
        <Section title={t("yourRooms")} rooms={joined} current={current} />
      )}
      {discoverable.length === 0 ? null : (
        <Section title={t("discover")} rooms={discoverable} current={current} />
      )}
    </>
  );
}

function Section({
  title,
  rooms,
  current,
}: {
  title: string;
  rooms: readonly RoomState[];
  current: string | undefined;
}): ReactNode {
  return (
    <section>
      <h2>{title}</h2>
      <ul>
        {rooms.map((room) => (
          <li key={room.id}>
            <RoomItem room={room} isCurrent={room.id === current} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const RoomItem = memo(function RoomItem({
  room,
  isCurrent,
}: {
  room: RoomState;
  isCurrent: boolean;
}): ReactNode {
  const { t } = useTranslation();
  const isMember = room.role !== undefined;
  // Every step of a job is a message: that it moved is no news to be counted.
  const isUnread = isMember && room.unread > 0 && room.kind !== "job";
  const go = (event: MouseEvent): void => {
    // A click with a modifier opens a window or tab, as with every link.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    navigate(roomPath(room.id));
  };
  return (
    <a
      href={roomPath(room.id)}
      className={`room-item${isUnread ? " unread" : ""}${isMember ? "" : " other"}`}
      data-testid="room-item"
      data-room={room.id}
      aria-current={isCurrent ? "page" : undefined}
      onClick={go}
    >
      <Icon name={roomIcon(room)} />
      <bdi className="room-title">{room.title}</bdi>
      {isUnread ? (
        <span className="count" title={t("unread", { count: room.unread })}>
          {room.unread > 999 ? "999+" : room.unread}
        </span>
      ) : null}
    </a>
  );
});

function ListSkeleton(): ReactNode {
  return (
    <div className="rooms-skeleton late" aria-hidden="true">
      <div className="skeleton" />
      <div className="skeleton" />
      <div className="skeleton" />
    </div>
  );
}

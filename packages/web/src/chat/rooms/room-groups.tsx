/** The parts of the list of rooms: each folds, and stays so on all devices. */
import {
  groupRooms,
  Icon,
  type RoomGroup,
  type RoomState,
  sortRooms,
  useChat,
  useChatState,
} from "@parlance/react";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { usePage } from "../../shell/context.ts";
import { RoomItem } from "./room-item.tsx";

/** @param current Id of the room that is open. */
export function RoomGroups({ current }: { current: string | undefined }): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const { openDialog } = usePage();
  const listing = useChatState((state) => state.listing);
  const rooms = useChatState((state) => state.rooms);
  const preferences = useChatState((state) => state.preferences);
  const { joined, discoverable } = useMemo(() => sortRooms(rooms), [rooms]);
  const groups = useMemo(() => groupRooms(joined, preferences), [joined, preferences]);

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
  const isFolded = preferences.everywhere.folded?.includes("others") === true;
  return (
    <>
      {joined.length === 0 ? (
        <div className="rooms-note">
          <p>{t("roomsEmpty")}</p>
          <p>{t("roomsEmptyHint")}</p>
          <button type="button" className="link" onClick={() => openDialog("create")}>
            {t("createRoom")}
          </button>
        </div>
      ) : null}
      {groups.map((group) => (
        <Group key={`${group.kind}/${group.id}`} group={group} current={current} />
      ))}
      {discoverable.length === 0 ? null : (
        <Part
          id="others"
          title={t("discover")}
          isFolded={isFolded}
          rooms={discoverable}
          current={current}
        />
      )}
    </>
  );
}

function Group({ group, current }: { group: RoomGroup; current: string | undefined }): ReactNode {
  const { t } = useTranslation();
  const { openDialog } = usePage();
  const titles = {
    favourites: t("favourites"),
    section: group.name,
    rooms: t("yourRooms"),
    direct: t("directMessages"),
  };
  const act =
    group.kind === "section"
      ? ({ icon: "sliders", text: "sections", dialog: "sections" } as const)
      : group.kind === "direct"
        ? ({ icon: "plus", text: "newMessage", dialog: "direct" } as const)
        : undefined;
  return (
    <Part
      id={group.id}
      title={titles[group.kind]}
      isFolded={group.isFolded}
      rooms={group.rooms}
      current={current}
    >
      {act === undefined ? null : (
        <button
          type="button"
          className="icon-button part-act"
          aria-label={t(act.text)}
          title={t(act.text)}
          onClick={() => openDialog(act.dialog)}
        >
          <Icon name={act.icon} small />
        </button>
      )}
    </Part>
  );
}

/** Folded, it shows what is unread all the same, and where one is. */
function Part({
  id,
  title,
  isFolded,
  rooms,
  current,
  children,
}: {
  id: string;
  title: string;
  isFolded: boolean;
  rooms: readonly RoomState[];
  current: string | undefined;
  children?: ReactNode;
}): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const fold = (): void => {
    const folded = chat.get().preferences.everywhere.folded ?? [];
    const next = isFolded ? folded.filter((one) => one !== id) : [...folded, id];
    void chat.preferEverywhere({ folded: next.length === 0 ? null : next }).catch(() => undefined);
  };
  const shown = isFolded
    ? rooms.filter((room) => room.id === current || (room.role !== undefined && room.unread > 0))
    : rooms;
  return (
    <section className="part" aria-label={title}>
      <header>
        <h2>
          <button type="button" className="part-fold" aria-expanded={!isFolded} onClick={fold}>
            <bdi>{title}</bdi>
            <Icon name="fold" small />
          </button>
        </h2>
        {children}
      </header>
      {rooms.length === 0 && !isFolded ? <p className="rooms-note">{t("sectionEmpty")}</p> : null}
      <ul>
        {shown.map((room) => (
          <li key={room.id}>
            <RoomItem room={room} isCurrent={room.id === current} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function ListSkeleton(): ReactNode {
  return (
    <div className="rooms-skeleton late" aria-hidden="true">
      <div className="skeleton" />
      <div className="skeleton" />
      <div className="skeleton" />
    </div>
  );
}

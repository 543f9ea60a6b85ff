/** One room in the list. */
import {
  Icon,
  isMuted,
  PersonMark,
  type RoomState,
  useChatState,
  usePerson,
} from "@parlance/react";
import { type MouseEvent, memo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { roomPath } from "../../app/route.ts";
import { navigate } from "../../app/use-route.ts";
import { isAnyHere, RoomMark } from "./room-mark.tsx";
import { RoomMenuButton } from "./room-menu-button.tsx";
import { UnreadBadge } from "./unread-badge.tsx";

/** A link with what is unread, and the room's menu for who is a member. */
export const RoomItem = memo(function RoomItem({
  room,
  isCurrent,
}: {
  room: RoomState;
  isCurrent: boolean;
}): ReactNode {
  const { t } = useTranslation();
  const muted = useChatState((state) => isMuted(state.preferences.rooms[room.id], Date.now()));
  const isMember = room.role !== undefined;
  // Every step of a job is a message: that it moved is no news to be counted.
  const isUnread = isMember && room.unread > 0 && room.kind !== "job" && !muted;
  const hasDraft = useChatState(
    (state) =>
      state.kept.drafts?.some((one) => one.room === room.id && one.thread === undefined) === true,
  );
  const go = (event: MouseEvent): void => {
    // A click with a modifier opens a window or tab, as with every link.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    navigate(roomPath(room.id));
  };
  const classes = [
    "room-item",
    isUnread ? "unread" : "",
    isMember && !muted ? "" : "other",
    isMember ? "has-menu" : "",
  ];
  return (
    <div className="room-line">
      <a
        href={roomPath(room.id)}
        className={classes.filter((one) => one !== "").join(" ")}
        data-testid="room-item"
        data-room={room.id}
        aria-current={isCurrent ? "page" : undefined}
        onClick={go}
      >
        <RoomMark room={room} />
        <bdi className="room-title">{room.title}</bdi>
        {room.kind === "direct" ? <DirectState room={room} /> : null}
        {hasDraft && !isCurrent ? (
          <span className="room-draft" title={t("draftHere")}>
            <Icon name="pencil" small />
            <span className="hidden-visually">{t("draftHere")}</span>
          </span>
        ) : null}
        {muted ? (
          <span className="count" title={t("muted")}>
            <Icon name="mute" small />
            <span className="hidden-visually">{t("muted")}</span>
          </span>
        ) : null}
        {isUnread ? <UnreadBadge room={room} /> : null}
      </a>
      {isMember ? <RoomMenuButton room={room} className="room-more" /> : null}
    </div>
  );
});

/** Whether they are here, and what the one that one talks with is at. */
function DirectState({ room }: { room: RoomState }): ReactNode {
  const { t } = useTranslation();
  const [person, ...others] = room.with ?? [];
  const state = usePerson(person?.id ?? "")?.state;
  const isOne = person !== undefined && others.length === 0;
  return (
    <>
      {isOne ? <PersonMark id={person.id} /> : null}
      {isAnyHere(room) ? (
        <span className="hidden-visually">
          {isOne && state === "away" ? t("stateAway") : t("personHere")}
        </span>
      ) : null}
    </>
  );
}

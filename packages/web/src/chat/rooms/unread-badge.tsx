/** What is unread in a room of the list: a number only where it needs the reader, else the weight of its name tells. */
import type { RoomState } from "@parlance/react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

/** More is not counted out. */
const most = 999;

/** Messages that need the reader: mentions, and all that is said to them directly. */
export function needing(room: Pick<RoomState, "kind" | "unread" | "mentions">): number {
  return room.kind === "direct" ? room.unread : room.mentions;
}

/** @param room One with something unread. How much is told to who does not see the weight. */
export function UnreadBadge({ room }: { room: RoomState }): ReactNode {
  const { t } = useTranslation();
  const count = needing(room);
  const unread = t("unread", { count: room.unread });
  if (count === 0) return <span className="hidden-visually">{unread}</span>;
  const title = room.kind === "direct" ? unread : t("mentionsUnread", { count });
  return (
    <span className="count badge" title={title} data-testid="badge">
      <span aria-hidden="true">{count > most ? `${most}+` : count}</span>
      <span className="hidden-visually">{title}</span>
    </span>
  );
}

/** The button that opens a room's menu. */
import { Icon, Menu, type RoomState } from "@parlance/react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useRoomMenu } from "./room-menu.ts";

/** @param className Beside `icon-button`. */
export function RoomMenuButton({
  room,
  className,
}: {
  room: RoomState;
  className: string;
}): ReactNode {
  const { t } = useTranslation();
  const [anchor, setAnchor] = useState<HTMLElement>();
  const label = t("roomMenu", { room: `\u2068${room.title}\u2069` });
  return (
    <>
      <button
        type="button"
        className={`icon-button ${className}`}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={anchor !== undefined}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <Icon name="more" small />
      </button>
      {anchor === undefined ? null : (
        <Items room={room} label={label} anchor={anchor} onClose={() => setAnchor(undefined)} />
      )}
    </>
  );
}

/** Made when it is open only: there are as many buttons as rooms. */
function Items({
  room,
  label,
  anchor,
  onClose,
}: {
  room: RoomState;
  label: string;
  anchor: HTMLElement;
  onClose: () => void;
}): ReactNode {
  const items = useRoomMenu(room);
  return <Menu anchor={anchor} label={label} items={items} onClose={onClose} />;
}

/** A palette that finds a room by name. */
import { type KeyboardEvent, type ReactNode, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { roomPath } from "../../app/route.ts";
import { navigate } from "../../app/use-route.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { Icon } from "../../ui/icons.tsx";
import { useChatState } from "../context.ts";
import { findRooms, sortRooms } from "./order.ts";
import { roomIcon } from "./room-list.tsx";

/** Rooms shown at once; further letters narrow the rest. */
const shownRooms = 8;

/** Arrow keys choose, Enter goes there. Focus stays in the field (ARIA combobox pattern). */
export function RoomSwitcher({ onClose }: { onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const listId = useId();
  const rooms = useChatState((state) => state.rooms);
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = useMemo(() => {
    const { joined, discoverable } = sortRooms(rooms);
    return findRooms([...joined, ...discoverable], query).slice(0, shownRooms);
  }, [rooms, query]);

  const go = (room: string | undefined): void => {
    if (room === undefined) return;
    onClose();
    navigate(roomPath(room));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && found.length > 0) {
      event.preventDefault();
      setChosen((chosen + step + found.length) % found.length);
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      go(found[chosen]?.id);
    }
  };
  return (
    <Dialog title={t("switcher")} onClose={onClose} className="switcher" bare>
      <input
        className="switcher-input"
        role="combobox"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={found[chosen] === undefined ? undefined : `${listId}-${chosen}`}
        aria-label={t("switcher")}
        placeholder={t("switcherPlaceholder")}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
        data-autofocus
        autoComplete="off"
        dir="auto"
      />
      <div id={listId} role="listbox" aria-label={t("rooms")} className="switcher-list">
        {found.map((room, index) => (
          // Keys are dealt with in the field above.
          <div
            key={room.id}
            id={`${listId}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            className="room-item"
            onClick={() => go(room.id)}
            onPointerMove={() => setChosen(index)}
          >
            <Icon name={roomIcon(room)} />
            <bdi className="room-title">{room.title}</bdi>
            {room.role === undefined ? <span className="count">{t("join")}</span> : null}
          </div>
        ))}
        {found.length === 0 ? <p className="rooms-note">{t("switcherEmpty")}</p> : null}
      </div>
      <p className="switcher-keys">{t("switcherKeys")}</p>
    </Dialog>
  );
}

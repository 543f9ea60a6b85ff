/** One field for everything: rooms by name, and what can be done. */
import {
  type Chat,
  Dialog,
  findRooms,
  Icon,
  type IconName,
  longDay,
  sortRooms,
  useChat,
  useChatState,
} from "@parlance/react";
import type { TFunction } from "i18next";
import { type KeyboardEvent, type ReactNode, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { roomPath } from "../app/route.ts";
import { navigate } from "../app/use-route.ts";
import { roomIcon } from "../chat/rooms/room-icon.ts";
import { spanOf } from "../search/query.ts";
import { pageCommands } from "./commands.ts";
import { type Page, usePage } from "./context.ts";
import type { DialogProps } from "./dialogs.tsx";

/** Entries shown at once; further letters narrow the rest. */
const shownEntries = 10;
/** Rooms before anything is typed; everything that can be done follows. */
const shownRooms = 6;

interface Entry {
  readonly key: string;
  readonly icon: IconName;
  readonly text: string;
  readonly note: string | undefined;
  run(): void;
}

/** Arrow keys choose, Enter does it. Focus stays in the field (ARIA combobox pattern). */
export function Palette({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const listId = useId();
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = useEntries(query);

  const run = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    onClose();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && found.length > 0) {
      event.preventDefault();
      setChosen((chosen + step + found.length) % found.length);
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      run(found[chosen]);
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
      <div id={listId} role="listbox" aria-label={t("switcher")} className="switcher-list">
        {found.map((entry, index) => (
          // Keys are dealt with in the field above.
          <div
            key={entry.key}
            id={`${listId}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            className="room-item"
            data-entry={entry.key}
            onClick={() => run(entry)}
            onPointerMove={() => setChosen(index)}
          >
            <Icon name={entry.icon} />
            <bdi className="room-title">{entry.text}</bdi>
            {entry.note === undefined ? null : <span className="count">{entry.note}</span>}
          </div>
        ))}
        {found.length === 0 ? <p className="rooms-note">{t("switcherEmpty")}</p> : null}
      </div>
      <p className="switcher-keys">{t("switcherKeys")}</p>
    </Dialog>
  );
}

/** Rooms first, then commands; all that have each word of the query. */
function useEntries(query: string): readonly Entry[] {
  const { t, i18n } = useTranslation();
  const chat = useChat();
  const page = usePage();
  const rooms = useChatState((state) => state.rooms);
  return useMemo(() => {
    const { joined, discoverable } = sortRooms(rooms);
    const found = findRooms([...joined, ...discoverable], query).map((room) => ({
      key: `room/${room.id}`,
      icon: roomIcon(room),
      text: room.title,
      note: room.role === undefined ? t("join") : undefined,
      run: () => navigate(roomPath(room.id)),
    }));
    const words = query.toLocaleLowerCase().split(/\s+/u).filter(Boolean);
    const host = { page, chat };
    const day = dayTyped(query, t, page.room);
    const commands = pageCommands
      .filter((command) => command.isInPalette && command.isAvailable?.(host) !== false)
      .map((command) => ({
        key: `command/${command.id}`,
        icon: command.icon,
        text: t(command.text),
        note: command.keys,
        run: () => command.run(host),
      }))
      .filter(({ text }) => words.every((word) => text.toLocaleLowerCase().includes(word)));
    return query === ""
      ? [...found.slice(0, shownRooms), ...commands]
      : [
          ...day.map((at) => dayEntry(at, page, chat, t, i18n.language)),
          ...found,
          ...commands,
        ].slice(0, shownEntries);
  }, [rooms, query, t, i18n.language, page, chat]);
}

/** The beginning of the day that the query names; none where it names none, or no room is open. */
function dayTyped(query: string, t: TFunction, room: string | undefined): readonly Date[] {
  if (room === undefined) return [];
  const typed = query.trim().toLocaleLowerCase();
  const now = new Date();
  const ago = [t("today"), t("yesterday")].findIndex((name) => name.toLocaleLowerCase() === typed);
  if (ago >= 0) return [new Date(now.getFullYear(), now.getMonth(), now.getDate() - ago)];
  const [begin] = spanOf(typed) ?? [];
  return begin === undefined || typed.length < 7 ? [] : [new Date(begin)];
}

function dayEntry(day: Date, page: Page, chat: Chat, t: TFunction, language: string): Entry {
  return {
    key: "day",
    icon: "calendar",
    text: t("dateGoTo", { day: longDay(day.toISOString(), language, new Date()) }),
    note: undefined,
    run: () => {
      const { room } = page;
      if (room === undefined) return;
      chat.placeAt(room, day).then(
        (place) => (place === undefined ? undefined : chat.jump(room, place)),
        // Without a line the conversation stays where it is, and the line above it says so.
        () => undefined,
      );
    },
  };
}

/** Rooms and people, chosen by typing (ARIA combobox pattern). */
import type { ClientMessageId, WireUser } from "@parlance/client";
import {
  findRooms,
  Icon,
  type IconName,
  type RoomState,
  sortRooms,
  useChat,
  useChatState,
} from "@parlance/react";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { roomIcon } from "../chat/rooms/room-icon.ts";

/** Shown at once; further letters narrow the rest. */
const shownMost = 20;

/** Somewhere a message may go: a room, or the direct room with a person. */
export interface Recipient {
  readonly key: string;
  readonly name: string;
  readonly icon: IconName;
  readonly room?: string;
  readonly user?: string;
  /** Made once, so that trying again writes it once. */
  readonly wish: ClientMessageId;
}

/** One that is not chosen yet. */
export type Choice = Omit<Recipient, "wish">;

/** A field that filters and a list; Enter takes the one that is marked. */
export function Recipients({
  chosen,
  onChoose,
  onRemove,
}: {
  chosen: readonly Recipient[];
  onChoose: (one: Choice) => void;
  onRemove: (one: Recipient) => void;
}): ReactNode {
  const { t } = useTranslation();
  const id = useId();
  const [query, setQuery] = useState("");
  const [marked, setMarked] = useState(0);
  const found = useChoices(query)
    .filter(({ key }) => chosen.every((one) => one.key !== key))
    .slice(0, shownMost);
  const at = Math.min(marked, Math.max(0, found.length - 1));

  const choose = (one: Choice | undefined): void => {
    if (one === undefined) return;
    onChoose(one);
    setQuery("");
    setMarked(0);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && found.length > 0) {
      event.preventDefault();
      setMarked((at + step + found.length) % found.length);
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      // An empty field with somebody chosen sends.
      if (query === "" && chosen.length > 0) return;
      event.preventDefault();
      choose(found[at]);
    } else if (event.key === "Backspace" && query === "") {
      const last = chosen.at(-1);
      if (last !== undefined) onRemove(last);
    }
  };
  return (
    <div className="field">
      <label htmlFor={`${id}-field`}>{t("forwardTo")}</label>
      {chosen.length === 0 ? null : (
        <ul className="forward-chosen" aria-label={t("forwardChosen")}>
          {chosen.map((one) => (
            <li key={one.key}>
              <button
                type="button"
                aria-label={t("forwardRemove", { name: one.name })}
                onClick={() => onRemove(one)}
              >
                <bdi>{one.name}</bdi>
                <Icon name="close" small />
              </button>
            </li>
          ))}
        </ul>
      )}
      <input
        id={`${id}-field`}
        className="input"
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={found[at] === undefined ? undefined : `${id}-${at}`}
        placeholder={t("forwardToHint")}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setMarked(0);
        }}
        onKeyDown={onKeyDown}
        data-autofocus
        autoComplete="off"
        dir="auto"
      />
      <div id={id} role="listbox" aria-label={t("forwardTo")} className="forward-list">
        {found.map((one, index) => (
          // Keys are dealt with in the field above.
          <div
            key={one.key}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            className="room-item"
            data-recipient={one.key}
            onClick={() => choose(one)}
          >
            <Icon name={one.icon} />
            <bdi className="room-title">{one.name}</bdi>
          </div>
        ))}
        {found.length === 0 ? <p className="rooms-note">{t("forwardNone")}</p> : null}
      </div>
    </div>
  );
}

/** The reader's rooms, then the people in them. */
function useChoices(query: string): readonly Choice[] {
  const chat = useChat();
  const rooms = useChatState((state) => state.rooms);
  const me = useChatState((state) => state.me.id);
  const [people, setPeople] = useState<readonly WireUser[]>([]);
  useEffect(() => {
    let isOver = false;
    // Without them, rooms are still there.
    chat.acquaintances(undefined).then(
      (all) => isOver || setPeople(all),
      () => undefined,
    );
    return () => {
      isOver = true;
    };
  }, [chat]);
  return useMemo(() => {
    const words = query.toLocaleLowerCase().split(/\s+/u).filter(Boolean);
    const mine = sortRooms(rooms).joined.filter(isWrittenByPeople);
    return [
      ...findRooms(mine, query).map((room) => ({
        key: `room/${room.id}`,
        name: room.title,
        icon: roomIcon(room),
        room: room.id,
      })),
      ...people
        .filter(({ id, name }) => {
          const text = name.toLocaleLowerCase();
          return id !== me && words.every((word) => text.includes(word));
        })
        .map((user) => ({
          key: `user/${user.id}`,
          name: user.name,
          icon: "at" as const,
          user: user.id,
        })),
    ];
  }, [rooms, people, query, me]);
}

function isWrittenByPeople(room: RoomState): boolean {
  return room.kind !== "job" && room.kind !== "inbox";
}

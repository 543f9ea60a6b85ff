/** Under the reader's newest message: who has seen it, where the room's readers tell each other. */
import type { WireUser } from "@parlance/client";
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { useChat, useChatState } from "../chat/context.ts";
import type { RoomState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { Popover } from "../ui/popover.tsx";

/** Avatars at most; the number tells the rest. */
const mostPeople = 4;

/** Whether the readers of a room tell each other how far they have read, where nobody of them wished otherwise. */
export function tellsReceipts(room: Pick<RoomState, "settings" | "kind">): boolean {
  return room.settings.receipts ?? (room.kind === "private" || room.kind === "direct");
}

/** @param sequence Of the message. Nothing while nobody has seen it. */
export function SeenLine({
  room,
  message,
  sequence,
}: {
  room: RoomState;
  message: string;
  sequence: number;
}): ReactNode {
  const { t } = useTexts();
  const me = useChatState((state) => state.me.id);
  const members = useChatState((state) => state.rooms[room.id]?.members);
  const [anchor, setAnchor] = useState<HTMLElement>();
  const seen = useMemo(
    () =>
      (members ?? [])
        .filter((one) => one.user.id !== me && one.read_mark >= sequence)
        .map((one) => one.user),
    [members, me, sequence],
  );
  if (!tellsReceipts(room) || seen.length === 0) return null;
  return (
    <>
      <button
        type="button"
        className="seen-line"
        data-testid="seen"
        aria-haspopup="dialog"
        aria-expanded={anchor !== undefined}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        {seen.slice(0, mostPeople).map((user) => (
          <Avatar key={user.id} id={user.id} name={user.name} small />
        ))}
        <span>{t("seenBy", { count: seen.length })}</span>
      </button>
      {anchor === undefined ? null : (
        <Popover
          anchor={anchor}
          label={t("seenBy", { count: seen.length })}
          onClose={() => setAnchor(undefined)}
        >
          <SeenBy room={room.id} message={message} known={seen} />
        </Popover>
      )}
    </>
  );
}

/** The server knows them all; until it has answered, those who are known here. */
function SeenBy({
  room,
  message,
  known,
}: {
  room: string;
  message: string;
  known: readonly WireUser[];
}): ReactNode {
  const chat = useChat();
  const [all, setAll] = useState<readonly WireUser[]>();
  const { length } = known;
  useEffect(() => {
    let isOver = false;
    chat.client
      .room(room)
      .seenBy(message)
      // What is known here is shown where the server cannot be asked.
      .then(
        (users) => isOver || setAll(users),
        () => undefined,
      );
    return () => {
      isOver = true;
    };
  }, [chat, room, message, length]);
  return (
    <ul className="seen-list" tabIndex={-1} data-autofocus>
      {(all ?? known).map((user) => (
        <li key={user.id} className="person">
          <Avatar id={user.id} name={user.name} small />
          <bdi>{user.name}</bdi>
        </li>
      ))}
    </ul>
  );
}

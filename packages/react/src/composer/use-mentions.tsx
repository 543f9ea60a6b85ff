/** People to mention, while somebody writes an `@`. */
import type { MentionWish } from "@parlance/client";
import { useMemo } from "react";
import { useChat, useChatState, useRoom } from "../chat/context.ts";
import { useTexts } from "../texts/texts.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { Icon } from "../ui/icons.tsx";
import type { CompletionItem } from "./completion.tsx";
import { candidatesFor, mentionQuery, peopleOf, wishOf } from "./mentions.ts";

/** What can be completed at the caret. `start` is where it begins; undefined: nothing. */
export interface Offered {
  readonly start: number | undefined;
  readonly items: readonly CompletionItem[];
}

/** @param caret Undefined while the field has no focus. */
export function useMentionItems(roomId: string, text: string, caret: number | undefined): Offered {
  const { t } = useTexts();
  const room = useRoom(roomId);
  const me = useChatState((state) => state.me.id);
  const found = caret === undefined ? undefined : mentionQuery(text, caret);
  const members = room?.members;
  const online = room?.online;
  const isWanted = found !== undefined;
  const people = useMemo(
    () => (room === undefined || !isWanted ? [] : peopleOf(room).filter(({ id }) => id !== me)),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- not for each message while one chooses
    [members, online, me, isWanted],
  );
  if (found === undefined) return { start: undefined, items: [] };
  const named = candidatesFor(found.query, people).map(
    ({ id, name }): CompletionItem => ({
      id,
      text: `@${name}`,
      label: name,
      mark: <Avatar id={id} name={name} small />,
    }),
  );
  const everybody = (["room", "here"] as const)
    .filter((name) => name.startsWith(found.query.toLowerCase()))
    .map(
      (name): CompletionItem => ({
        id: name,
        text: `@${name}`,
        label: `@${name}`,
        hint: t(name === "room" ? "mentionRoom" : "mentionHere"),
        mark: <Icon name="people" small />,
      }),
    );
  return { start: found.start, items: [...named, ...everybody] };
}

/** A function from a text to whom it mentions in a room, by their names. */
export function useWish(roomId: string): (text: string) => MentionWish | undefined {
  const chat = useChat();
  return (text) => {
    const room = chat.get().rooms[roomId];
    return room === undefined ? undefined : wishOf(text, peopleOf(room));
  };
}

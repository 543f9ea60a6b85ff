/** Ways to a message, from wherever it is listed. */
import type { MessageView } from "@parlance/client";
import { useChat } from "@parlance/react";
import { useCallback } from "react";
import { messagePath, roomPath, threadPath } from "../app/route.ts";
import { navigate } from "../app/use-route.ts";
import { usePage } from "../shell/context.ts";

/** What leads to a message. */
export type Place = Pick<MessageView, "room" | "sequence"> & Partial<Pick<MessageView, "thread">>;

/** Shows a place: in the room that is open, or in another one. The same function while the room is the same. */
export function useGoToPlace(): (room: string, sequence: number) => void {
  const chat = useChat();
  const page = usePage();
  return useCallback(
    (room, sequence) => {
      if (room === page.room) void chat.jump(room, sequence);
      else navigate(messagePath(room, sequence));
    },
    [chat, page.room],
  );
}

/** Shows a message; one of a thread in its thread, as the message's address does. */
export function useGoToMessage(): (place: Place) => void {
  const goTo = useGoToPlace();
  return useCallback(
    ({ room, sequence, thread }) => {
      if (thread === undefined) goTo(room, sequence);
      else navigate(messagePath(room, sequence));
    },
    [goTo],
  );
}

/** Shows a thread, by the id of its root. What cannot be found leads to its room. */
export function useGoToThread(): (room: Place["room"], root: string) => void {
  const chat = useChat();
  return useCallback(
    (room, root) => {
      chat.client
        .room(room)
        .message(root)
        .then(
          ({ sequence }) => navigate(threadPath(room, sequence)),
          () => navigate(roomPath(room)),
        );
    },
    [chat],
  );
}

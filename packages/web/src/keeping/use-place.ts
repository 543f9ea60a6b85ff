/** Ways to a message, from wherever it is listed. */
import type { MessageView } from "@parlance/client";
import { useChat } from "@parlance/react";
import { useCallback } from "react";
import { messagePath } from "../app/route.ts";
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

/** Shows a message; one of a thread at the message that the thread is under. */
export function useGoToMessage(): (place: Place) => void {
  const chat = useChat();
  const goTo = useGoToPlace();
  return useCallback(
    ({ room, sequence, thread }) => {
      if (thread === undefined) return goTo(room, sequence);
      chat.client.request<"get_message">({ type: "get_message", room, message_id: thread }).then(
        (root) => goTo(room, root.sequence),
        () => goTo(room, sequence),
      );
    },
    [chat, goTo],
  );
}

/** Whether and how the reader sends files into a room. */
import { useCallback } from "react";
import { useChat } from "../chat/context.ts";
import type { RoomState } from "../state/model.ts";

/** What takes files for a room; undefined where the reader may send none. */
export function useFiles(
  room: RoomState | undefined,
): ((files: readonly File[]) => void) | undefined {
  const chat = useChat();
  const id = room?.id;
  const send = useCallback(
    (files: readonly File[]) => {
      if (id !== undefined && files.length > 0) chat.upload(id, files);
    },
    [chat, id],
  );
  return room?.status === "ready" && room.role !== undefined ? send : undefined;
}

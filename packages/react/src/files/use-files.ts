/** Whether and how the reader sends files into a room. */
import type { RefObject } from "react";
import { useChat } from "../chat/context.ts";
import type { HistoryHandle } from "../conversation/message-list.tsx";
import type { RoomState } from "../state/model.ts";

/**
 * What takes files for a room; undefined where the reader may send none.
 *
 * @param history Goes to its end, as with a message: whoever sends something sees it.
 */
export function useFiles(
  room: RoomState | undefined,
  history?: RefObject<HistoryHandle | null>,
): ((files: readonly File[]) => void) | undefined {
  const chat = useChat();
  const id = room?.id;
  const send = (files: readonly File[]): void => {
    if (id === undefined || files.length === 0) return;
    chat.upload(id, files);
    history?.current?.toEnd();
  };
  return room?.status === "ready" && room.role !== undefined ? send : undefined;
}

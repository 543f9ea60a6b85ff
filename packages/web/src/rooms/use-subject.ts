/** The room that a dialog is about. */
import { type RoomState, useRoom } from "@parlance/react";
import { useEffect } from "react";
import type { DialogProps } from "../shell/dialogs.tsx";

/** The room, live; undefined where it is not there any more, and then the dialog closes itself. */
export function useSubject({ subject, onClose }: DialogProps): RoomState | undefined {
  const room = useRoom(subject ?? "");
  const isThere = room !== undefined && room.status !== "gone" && room.status !== "absent";
  useEffect(() => {
    if (!isThere) onClose();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once, when it goes
  }, [isThere]);
  return isThere ? room : undefined;
}

/** A name in a sentence of any direction. */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}

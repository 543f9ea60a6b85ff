/** When and how much of a room is checked for completeness. */
import type { Client } from "@parlance/client";
import type { Action } from "../state/actions.ts";
import type { RoomState } from "../state/model.ts";

/** Events that a check after a reconnect covers; a click covers all. */
const quickCheckEvents = 1_000;
/** How long after a reconnect: what was missed and what waited has come by then. */
const settleMs = 1_500;

/** The checks of one chat. */
export interface Checks {
  /** Checks the whole room. */
  all(id: string): Promise<void>;
  /** Checks the newest part of a room a moment later, if it is still on the screen then. */
  soon(id: string): void;
  close(): void;
}

/** @param visible The room if it is on the screen. */
export function createChecks(
  client: Client,
  dispatch: (action: Action) => void,
  visible: (id: string) => RoomState | undefined,
): Checks {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const check = async (id: string, from?: number): Promise<void> => {
    dispatch({ type: "check_changed", room: id, check: { kind: "checking" } });
    try {
      const result = await client.room(id).verify(from === undefined ? {} : { from });
      const first = from ?? (visible(id)?.floor ?? 0) + 1;
      dispatch({
        type: "check_changed",
        room: id,
        check: result.complete
          ? { kind: "complete", from: result.from, to: result.to }
          : { kind: "broken", from: first, to: result.sequence },
      });
    } catch {
      dispatch({ type: "check_changed", room: id, check: { kind: "failed" } });
    }
  };
  return {
    all: (id) => check(id),
    soon: (id) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const room = visible(id);
        if (room?.status !== "ready" || room.head <= room.floor) return;
        void check(id, Math.max(room.floor + 1, room.head - quickCheckEvents + 1));
      }, settleMs);
    },
    close: () => clearTimeout(timer),
  };
}

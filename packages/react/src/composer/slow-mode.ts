/** Slow mode: who does not look after a room waits between two messages. */
import { useEffect, useMemo, useState } from "react";
import { useChatState, useRoom } from "../chat/context.ts";
import { isStaff } from "../state/staff.ts";

/** `everySeconds`: undefined where there is nothing to wait for. `waitSeconds`: until the next message may go; 0 is now. */
export interface SlowMode {
  readonly everySeconds: number | undefined;
  readonly waitSeconds: number;
}

/** As the reader has it in a room. By the clock of this computer: where it is wrong, the server waits instead. */
export function useSlowMode(roomId: string): SlowMode {
  const room = useRoom(roomId);
  const me = useChatState((state) => state.me.id);
  const everySeconds = room === undefined || isStaff(room) ? undefined : room.settings.slow_mode_s;
  const events = room?.events;
  const last = useMemo(
    () => events?.findLast((one) => one.type === "message.created" && one.author === me)?.time,
    [events, me],
  );
  const [now, setNow] = useState(Date.now);
  const isOnItsWay = room?.outgoing.some((one) => one.state === "waiting") === true;
  const due =
    last === undefined || everySeconds === undefined ? 0 : Date.parse(last) + everySeconds * 1_000;
  const left = Math.min(everySeconds ?? 0, Math.ceil((due - now) / 1_000));
  const isWaiting = everySeconds !== undefined && due > now;
  useEffect(() => setNow(Date.now()), [due]);
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isWaiting]);
  if (everySeconds === undefined) return { everySeconds, waitSeconds: 0 };
  return { everySeconds, waitSeconds: isOnItsWay ? everySeconds : Math.max(0, left) };
}

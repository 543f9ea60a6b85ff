/** Reads new messages out, a few at a time: a live region that changes with each message of a busy room is noise. */
import type { DurableEvent, EventFrame } from "@parlance/client";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useChatState } from "../chat/context.ts";
import { isInThread } from "../state/main-line.ts";
import type { RoomState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";

/** At most one announcement in this time. */
const intervalMs = 3_000;

/** One that grows is read out when it is whole: each piece by itself would be noise. */
function isWholeMessage(
  event: EventFrame,
): event is DurableEvent<"message.created"> | DurableEvent<"message.closed"> {
  if ("erased" in event) return false;
  if (event.type === "message.created") return event.data.open !== true;
  return event.type === "message.closed" && event.data.text !== "";
}

/** One message is read out; several are counted. */
export function Announcer({ room }: { room: RoomState }): ReactNode {
  const { t } = useTexts();
  const me = useChatState((state) => state.me.id);
  const [text, setText] = useState("");
  const told = useRef(room.head);
  const latest = useRef(room);
  latest.current = room;

  useEffect(() => {
    const timer = setInterval(() => {
      const { events, head } = latest.current;
      if (head <= told.current) return;
      const fresh = events.filter(
        (event) =>
          event.sequence > told.current &&
          isWholeMessage(event) &&
          !isInThread(event) &&
          event.author !== me,
      );
      told.current = head;
      const only = fresh[0];
      if (only === undefined) return;
      if (fresh.length > 1) setText(t("newBelow", { count: fresh.length }));
      else if (isWholeMessage(only)) {
        setText(`${only.data.author_name}: ${only.data.text.slice(0, 300)}`);
      }
    }, intervalMs);
    return () => clearInterval(timer);
  }, [me, t]);
  return (
    <div className="hidden-visually" role="status" aria-live="polite">
      {text}
    </div>
  );
}

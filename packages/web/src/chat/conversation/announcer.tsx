/** Reads new messages out, a few at a time: a live region that changes with each message of a busy room is noise. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useChatState } from "../context.ts";
import type { RoomState } from "../model.ts";

/** At most one announcement in this time. */
const intervalMs = 3_000;

/** One message is read out; several are counted. */
export function Announcer({ room }: { room: RoomState }): ReactNode {
  const { t } = useTranslation();
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
          event.sequence > told.current && event.type === "message.created" && event.author !== me,
      );
      told.current = head;
      const only = fresh[0];
      if (only === undefined) return;
      if (fresh.length > 1) setText(t("newBelow", { count: fresh.length }));
      else if (!("erased" in only) && only.type === "message.created") {
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

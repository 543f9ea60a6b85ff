/** What stands above a row: the beginning of the room, a day, the line of what is new. */
import type { ReactNode } from "react";
import { useTexts } from "../texts/texts.tsx";
import { clockTime, daysAgo, longDay } from "../texts/times.ts";
import type { Above } from "./rows.ts";

/** @param time Of the row, ISO 8601. */
export function LinesAbove({
  above,
  room,
  isSinceJoined,
  time,
}: {
  above: Above;
  room: string;
  /** The room is shown from the reader's joining on. */
  isSinceJoined: boolean;
  time: string;
}): ReactNode {
  const { t, language } = useTexts();
  const now = new Date();
  const ago = above.day === undefined ? undefined : daysAgo(above.day, now);
  return (
    <>
      {above.start ? (
        <p className="room-start">{t(isSinceJoined ? "roomSinceJoined" : "roomStart", { room })}</p>
      ) : null}
      {above.day === undefined ? null : (
        <div className="line day">
          <time dateTime={above.day.slice(0, 10)}>
            {ago === 0
              ? t("today")
              : ago === 1
                ? t("yesterday")
                : longDay(above.day, language, now)}
          </time>
        </div>
      )}
      {above.answers === undefined ? null : (
        <div className="line answers">
          <span>{t("replyCount", { count: above.answers })}</span>
        </div>
      )}
      {above.newSince ? (
        <div className="line new" data-testid="new-since">
          <span>{t("newSince", { time: clockTime(time, language) })}</span>
        </div>
      ) : null}
    </>
  );
}

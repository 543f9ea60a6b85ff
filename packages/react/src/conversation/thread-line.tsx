/** Under a message: how much was written in its thread, by whom, and whether it is unread. */
import type { ReactNode } from "react";
import { useChatState } from "../chat/context.ts";
import { useTexts } from "../texts/texts.tsx";
import { clockTime, daysAgo, shortDay } from "../texts/times.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Icon } from "../ui/icons.tsx";
import type { Replies } from "./fold.ts";
import type { MessageRow } from "./rows.ts";

/** Avatars at most. */
const mostPeople = 3;

/** @param onOpen Opens the thread; without it the line only tells. */
export function ThreadLine({
  row,
  replies,
  onOpen,
}: {
  row: MessageRow;
  replies: Replies;
  onOpen: ((row: MessageRow) => void) | undefined;
}): ReactNode {
  const { t, language } = useTexts();
  const isUnread = useChatState((state) => {
    const standing = state.threads[row.messageId ?? ""];
    return standing?.following === true && standing.unread > 0;
  });
  const now = new Date();
  const time =
    daysAgo(replies.lastTime, now) === 0
      ? clockTime(replies.lastTime, language)
      : shortDay(replies.lastTime, language, now);
  const people = replies.people.filter((one) => one.name !== "").slice(0, mostPeople);
  const content = (
    <>
      {people.length === 0 ? <Icon name="thread" small /> : null}
      {people.map((one) => (
        <Avatar key={one.id} id={one.id} name={one.name} small />
      ))}
      <span className="thread-count">{t("replyCount", { count: replies.count })}</span>
      <span className="quiet">{t("replyLast", { time })}</span>
      {isUnread ? (
        <span className="dot" role="img" aria-label={t("threadUnread")} title={t("threadUnread")} />
      ) : null}
    </>
  );
  if (onOpen === undefined) {
    return (
      <div className="thread-line" data-testid="thread-line">
        {content}
      </div>
    );
  }
  return (
    <button
      type="button"
      className={isUnread ? "thread-line unread" : "thread-line"}
      data-testid="thread-line"
      onClick={() => onOpen(row)}
    >
      {content}
    </button>
  );
}

/** Messages in lists beside the conversation: who, where, when, and the beginning of what was said. */
import type { MessageView } from "@parlance/client";
import { clockTime, daysAgo, fullTime, keyTarget, shortDay, useFailureText } from "@parlance/react";
import { type KeyboardEvent, type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { List } from "./use-list.ts";

/** Arrow keys go through the controls of a list that are marked with `data-item`. */
export function ArrowList({ label, children }: { label: string; children: ReactNode }): ReactNode {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const all = [...(list.current?.querySelectorAll<HTMLElement>("[data-item]") ?? [])];
    const here = all.findIndex((one) => one === document.activeElement);
    const target = here < 0 ? undefined : keyTarget(event.key, here, all.length);
    if (target === undefined) return;
    event.preventDefault();
    all[target]?.focus();
  };
  return (
    <div ref={list} className="kept-list" role="group" aria-label={label} onKeyDown={onKeyDown}>
      {children}
    </div>
  );
}

/** A time in a list: of today the clock, else the day. */
export function ShortTime({ time }: { time: string }): ReactNode {
  const { i18n } = useTranslation();
  const now = new Date();
  return (
    <time dateTime={time} title={fullTime(time, i18n.language)}>
      {daysAgo(time, now) === 0
        ? clockTime(time, i18n.language)
        : shortDay(time, i18n.language, now)}
    </time>
  );
}

/** One message; a click goes to it. `children`: what else can be done, after it. */
export function Excerpt({
  message,
  room,
  note,
  onGo,
  children,
}: {
  message: Pick<MessageView, "author_name" | "text" | "time" | "sequence">;
  /** Title of its room, where the list is of several. */
  room?: string | undefined;
  note?: ReactNode;
  onGo: () => void;
  children?: ReactNode;
}): ReactNode {
  const { t } = useTranslation();
  const name = `\u2068${message.author_name}\u2069`;
  return (
    <li className="excerpt" data-testid="excerpt" data-sequence={message.sequence}>
      <button type="button" className="excerpt-main" data-item onClick={onGo}>
        <span className="excerpt-head">
          <span className="excerpt-who" dir="auto">
            {room === undefined ? name : t("saidIn", { name, room: `\u2068${room}\u2069` })}
          </span>
          <ShortTime time={message.time} />
        </span>
        <span className="excerpt-text" dir="auto">
          {message.text}
        </span>
        {note === undefined ? null : <span className="excerpt-note">{note}</span>}
      </button>
      {children}
    </li>
  );
}

/** What a list shows around its items: that it loads, that it failed, that nothing is there. */
export function ListFrame<T>({
  list,
  label,
  empty,
  hint,
  children,
}: {
  list: List<T>;
  label: string;
  empty: string;
  hint: string;
  children: (items: readonly T[]) => ReactNode;
}): ReactNode {
  const { t } = useTranslation();
  const failureText = useFailureText();
  return (
    <ArrowList label={label}>
      {list.status === "loading" ? (
        <div className="kept-note late" role="status" aria-label={t("listLoading")}>
          <div className="skeleton" />
          <div className="skeleton" />
        </div>
      ) : null}
      {list.status === "failed" ? (
        <p className="kept-note" role="alert">
          {t("listFailed", { reason: failureText(list.code) })}{" "}
          <button type="button" className="link" onClick={list.reload}>
            {t("tryAgain")}
          </button>
        </p>
      ) : null}
      {list.status === "ready" && list.items.length === 0 ? (
        <div className="empty kept-note">
          <h3>{empty}</h3>
          <p>{hint}</p>
        </div>
      ) : null}
      {list.items.length === 0 ? null : <ul>{children(list.items)}</ul>}
      {list.hasMore && list.status === "ready" ? (
        <button
          type="button"
          className="link kept-more"
          disabled={list.isLoadingMore}
          onClick={list.loadMore}
        >
          {t("showMore")}
        </button>
      ) : null}
    </ArrowList>
  );
}

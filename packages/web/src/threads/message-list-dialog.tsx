/** A dialog with a list of messages of all rooms, the newest first: threads that somebody follows, where they were mentioned. */
import {
  clockTime,
  Dialog,
  daysAgo,
  fullTime,
  keyTarget,
  plainLine,
  shortDay,
} from "@parlance/react";
import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { navigate } from "../app/use-route.ts";
import type { TextKey } from "../i18n/index.ts";
import type { Pages } from "./use-pages.ts";

/** One message of the list. */
export interface ListedMessage {
  readonly key: string;
  /** Path of the page that it leads to. */
  readonly href: string;
  readonly room: string;
  /** Who wrote it; empty where it was deleted. */
  readonly name: string;
  /** Undefined where it was deleted. */
  readonly text: string | undefined;
  /** ISO 8601. */
  readonly time: string;
  readonly isNew: boolean;
  /** A further line. */
  readonly note?: string;
}

/** Texts of a list. */
export interface ListTexts {
  readonly title: TextKey;
  readonly empty: TextKey;
  readonly emptyHint: TextKey;
  readonly failed: TextKey;
}

/** Arrow keys go through the messages, Enter follows one, Esc closes. */
export function MessageListDialog({
  texts,
  pages,
  items,
  onClose,
}: {
  texts: ListTexts;
  pages: Pages<unknown>;
  items: readonly ListedMessage[];
  onClose: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const list = useRef<HTMLUListElement>(null);
  const { status } = pages;
  const hasItems = items.length > 0;
  useEffect(() => {
    if (hasItems) list.current?.querySelector<HTMLElement>(".inbox-item")?.focus();
  }, [hasItems]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>(".inbox-item") ?? [])];
    const here = all.findIndex((one) => one.contains(document.activeElement));
    const target = keyTarget(event.key, here, all.length);
    if (target === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    all[target]?.focus();
  };
  return (
    <Dialog title={t(texts.title)} onClose={onClose} className="inbox">
      <div className="inbox-scroll" role="group" aria-label={t(texts.title)} onKeyDown={onKeyDown}>
        {status === "failed" ? (
          <div className="inbox-note" role="alert">
            <p>{t(texts.failed)}</p>
            <button type="button" className="link" onClick={pages.reload}>
              {t("tryAgain")}
            </button>
          </div>
        ) : null}
        {status === "loading" ? (
          <div className="list-skeleton late" aria-busy="true">
            <div className="skeleton" />
            <div className="skeleton" />
          </div>
        ) : null}
        {status === "ready" && !hasItems && !pages.hasMore ? (
          <div className="empty inbox-note">
            <h3>{t(texts.empty)}</h3>
            <p>{t(texts.emptyHint)}</p>
          </div>
        ) : null}
        <ul ref={list}>
          {items.map((item, index) => (
            <li key={item.key}>
              <Item item={item} isFirst={index === 0} onClose={onClose} />
            </li>
          ))}
        </ul>
        {pages.hasMore ? (
          <button
            type="button"
            className="link inbox-older"
            disabled={pages.isLoadingMore}
            onClick={pages.loadMore}
          >
            {t("inboxOlder")}
          </button>
        ) : null}
      </div>
    </Dialog>
  );
}

function Item({
  item,
  isFirst,
  onClose,
}: {
  item: ListedMessage;
  isFirst: boolean;
  onClose: () => void;
}): ReactNode {
  const { t, i18n } = useTranslation();
  const now = new Date();
  const { time } = item;
  const go = (event: MouseEvent): void => {
    // A click with a modifier opens a window or tab, as with every link.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    onClose();
    navigate(item.href);
  };
  return (
    <a
      href={item.href}
      className={item.isNew ? "inbox-item new" : "inbox-item"}
      data-testid="listed-message"
      data-new={item.isNew}
      tabIndex={isFirst ? 0 : -1}
      onClick={go}
    >
      <span className="notice-head">
        <span className="listed-place">
          {item.isNew ? <span className="hidden-visually">{t("inboxNew")}</span> : null}
          <bdi className="listed-name">{item.name}</bdi>
          <bdi className="quiet">{item.room}</bdi>
        </span>
        <time dateTime={time} title={fullTime(time, i18n.language)}>
          {daysAgo(time, now) === 0
            ? clockTime(time, i18n.language)
            : shortDay(time, i18n.language, now)}
        </time>
      </span>
      <span className="listed-text" dir="auto">
        {item.text === undefined ? <em>{t("erased")}</em> : plainLine(item.text)}
      </span>
      {item.note === undefined ? null : <span className="listed-note">{item.note}</span>}
    </a>
  );
}

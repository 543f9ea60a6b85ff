/** The notifications of the reader, newest first. */

import { clockTime, Dialog, daysAgo, fullTime, keyTarget, shortDay } from "@parlance/react";
import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { navigate } from "../app/use-route.ts";
import { usePage } from "../shell/context.ts";
import type { DialogProps } from "../shell/dialogs.tsx";
import { AlertsSwitch } from "./alerts-switch.tsx";
import type { Notice } from "./notification.ts";
import { useOpenInbox } from "./use-inbox.ts";

/** Arrow keys go through the notifications, Enter follows the one that leads somewhere, Esc closes. */
export function InboxPanel({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const { preferences } = usePage();
  const inbox = useOpenInbox();
  const list = useRef<HTMLUListElement>(null);
  const { notices, status } = inbox;
  const isLoaded = status === "ready";

  useEffect(() => {
    if (isLoaded) list.current?.querySelector<HTMLElement>(".inbox-item")?.focus();
  }, [isLoaded]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>(".inbox-item") ?? [])];
    const here = all.findIndex((one) => one.contains(document.activeElement));
    const target = keyTarget(event.key, here, all.length);
    if (target === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    all[target]?.focus();
  };
  return (
    <Dialog title={t("inbox")} onClose={onClose} className="inbox">
      <div className="inbox-tools">
        <button type="button" className="link" disabled={!inbox.hasNew} onClick={inbox.markAllRead}>
          {t("inboxMarkAll")}
        </button>
      </div>
      <div className="inbox-scroll" role="group" aria-label={t("inbox")} onKeyDown={onKeyDown}>
        {status === "failed" ? (
          <div className="inbox-note">
            <p>{t("inboxFailed")}</p>
            <button type="button" className="link" onClick={inbox.tryAgain}>
              {t("tryAgain")}
            </button>
          </div>
        ) : null}
        {status === "loading" ? <p className="inbox-note late">{t("inboxLoading")}</p> : null}
        {isLoaded && notices.length === 0 && !inbox.hasOlder ? (
          <div className="empty inbox-note">
            <h3>{t("inboxEmpty")}</h3>
            <p>{t("inboxEmptyHint")}</p>
          </div>
        ) : null}
        <ul ref={list}>
          {isLoaded
            ? notices.map((notice, index) => (
                <li key={notice.key}>
                  <NoticeItem
                    notice={notice}
                    isNew={inbox.isNew(notice)}
                    isFirst={index === 0}
                    onClose={onClose}
                  />
                </li>
              ))
            : null}
        </ul>
        {isLoaded && inbox.hasOlder ? (
          <button
            type="button"
            className="link inbox-older"
            disabled={inbox.isLoadingOlder}
            onClick={inbox.loadOlder}
          >
            {t("inboxOlder")}
          </button>
        ) : null}
      </div>
      <AlertsSwitch store={preferences} />
    </Dialog>
  );
}

function NoticeItem({
  notice,
  isNew,
  isFirst,
  onClose,
}: {
  notice: Notice;
  isNew: boolean;
  isFirst: boolean;
  onClose: () => void;
}): ReactNode {
  const { t, i18n } = useTranslation();
  const { title, text, time, target } = notice;
  const now = new Date();
  const clock = clockTime(time, i18n.language);
  const content = (
    <>
      <span className="notice-head">
        {isNew ? <span className="hidden-visually">{t("inboxNew")}</span> : null}
        {/* Of a notification without a title the text stands where the title would. */}
        <span className="notice-title" dir="auto">
          {title ?? text}
        </span>
        <time dateTime={time} title={fullTime(time, i18n.language)}>
          {daysAgo(time, now) === 0 ? clock : shortDay(time, i18n.language, now)}
        </time>
      </span>
      {title === undefined ? null : (
        <span className="notice-text" dir="auto">
          {text}
        </span>
      )}
      {target?.kind === "web" ? <span className="notice-host">{target.host}</span> : null}
    </>
  );
  const shared = {
    className: `inbox-item${isNew ? " new" : ""}${title === undefined ? " untitled" : ""}`,
    "data-testid": "notice",
    "data-new": isNew,
    // Tab reaches the first, arrow keys the others.
    tabIndex: isFirst ? 0 : -1,
  } as const;
  if (target === undefined) {
    return (
      <article {...shared} aria-label={`${title ?? text}, ${clock}`}>
        {content}
      </article>
    );
  }
  if (target.kind === "web") {
    return (
      <a {...shared} href={target.href} target="_blank" rel="noopener noreferrer nofollow">
        {content}
      </a>
    );
  }
  const go = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    onClose();
    navigate(target.href);
  };
  return (
    <a {...shared} href={target.href} onClick={go}>
      {content}
    </a>
  );
}

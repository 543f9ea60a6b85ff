/** The bell: how many notifications were not read, and the way to them. */

import { Icon } from "@parlance/react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useUnreadNotices } from "./use-inbox.ts";

/** More than so many are not counted out. */
const mostShown = 99;

/** @param where Distinguishes the bell of the rooms from that of a conversation on a phone, for the style sheet. */
export function InboxButton({
  where,
  onOpen,
}: {
  where: "rooms" | "conversation";
  onOpen: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const unread = useUnreadNotices();
  const name = unread === 0 ? t("inbox") : t("inboxUnread", { count: unread });
  return (
    <button
      type="button"
      className={`icon-button bell in-${where}`}
      data-testid="inbox-button"
      data-unread={unread}
      aria-haspopup="dialog"
      aria-label={name}
      title={`${name} (Alt N)`}
      onClick={onOpen}
    >
      <Icon name="bell" />
      {unread === 0 ? null : (
        <span className="badge" aria-hidden="true">
          {unread > mostShown ? `${mostShown}+` : unread}
        </span>
      )}
    </button>
  );
}

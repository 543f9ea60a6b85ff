/** What is listed above the rooms: views over all of them. A new one is a row here. */
import { Icon, type IconName, useChatState } from "@parlance/react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { TextKey } from "../../i18n/index.ts";
import { usePage } from "../../shell/context.ts";
import type { DialogName } from "../../shell/dialogs.tsx";
import { useUnreadMentions } from "../../threads/use-unread-mentions.ts";
import { useUnreadThreads } from "../../threads/use-unread-threads.ts";

interface View {
  readonly dialog: DialogName;
  readonly text: TextKey;
  readonly icon: IconName;
  /** A hook: how many need the reader. */
  useCount(): number;
  /** A hook: how many are there. The view is listed only where there are some. Absent: always listed. */
  useNumber?(): number;
}

const none = (): number => 0;

const views: readonly View[] = [
  { dialog: "threads", text: "threads", icon: "thread", useCount: useUnreadThreads },
  { dialog: "mentions", text: "mentions", icon: "at", useCount: useUnreadMentions },
  {
    dialog: "drafts",
    text: "drafts",
    icon: "pencil",
    useCount: none,
    useNumber: () => useChatState((state) => state.kept.drafts?.length ?? 0),
  },
  {
    dialog: "scheduled",
    text: "scheduled",
    icon: "clock",
    // What could not be sent needs its writer.
    useCount: () =>
      useChatState(
        (state) => state.kept.scheduled?.filter((one) => one.state === "refused").length ?? 0,
      ),
    useNumber: () => useChatState((state) => state.kept.scheduled?.length ?? 0),
  },
  {
    dialog: "saved",
    text: "savedTitle",
    icon: "bookmark",
    useCount: none,
    useNumber: () => useChatState((state) => state.kept.saved?.size ?? 0),
  },
];

/** One button for each. */
export function Views(): ReactNode {
  return (
    <ul className="views">
      {views.map((view) => (
        <li key={view.dialog}>
          <ViewItem view={view} />
        </li>
      ))}
    </ul>
  );
}

function ViewItem({ view }: { view: View }): ReactNode {
  const { t } = useTranslation();
  const page = usePage();
  const count = view.useCount();
  const number = view.useNumber?.();
  if (number === 0) return null;
  return (
    <button
      type="button"
      className={count > 0 ? "room-item unread" : "room-item"}
      data-testid={`view-${view.dialog}`}
      aria-haspopup="dialog"
      onClick={() => page.openDialog(view.dialog)}
    >
      <Icon name={view.icon} />
      <span className="room-title">{t(view.text)}</span>
      {count > 0 ? <span className="count badge">{count}</span> : null}
      {count > 0 || number === undefined ? null : <span className="count">{number}</span>}
    </button>
  );
}

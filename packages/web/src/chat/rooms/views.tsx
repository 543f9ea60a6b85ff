/** What is listed above the rooms: views over all of them. A new one is a row here. */
import { Icon, type IconName } from "@parlance/react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { TextKey } from "../../i18n/index.ts";
import { usePage } from "../../shell/context.ts";
import type { DialogName } from "../../shell/dialogs.tsx";
import { useUnreadThreads } from "../../threads/use-unread-threads.ts";

interface View {
  readonly dialog: DialogName;
  readonly text: TextKey;
  readonly icon: IconName;
  /** A hook: how many need the reader. */
  useCount(): number;
}

const views: readonly View[] = [
  { dialog: "threads", text: "threads", icon: "thread", useCount: useUnreadThreads },
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
    </button>
  );
}

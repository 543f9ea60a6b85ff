/** What can be done with a message: a few buttons at its corner, the rest in a menu. */
import { type ReactNode, useState } from "react";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import { Menu } from "../ui/menu.tsx";
import type { MessageAction, MessageActionHost } from "./actions.ts";

/** @param actions Those that can be done with this message. */
export function ActionBar({
  host,
  actions,
}: {
  host: MessageActionHost;
  actions: readonly MessageAction[];
}): ReactNode {
  const { t } = useTexts();
  const [anchor, setAnchor] = useState<HTMLElement>();
  if (actions.length === 0) return null;
  return (
    <div className="acts" role="toolbar" aria-label={t("acts")}>
      {actions
        .filter((action) => action.isInBar === true)
        .map((action) => (
          <button
            key={action.id}
            type="button"
            className="icon-button"
            aria-label={action.label}
            title={titleOf(action)}
            onClick={(event) => action.run(host, event.currentTarget)}
          >
            <Icon name={action.icon} />
          </button>
        ))}
      <button
        type="button"
        className="icon-button"
        aria-label={t("actMore")}
        title={t("actMore")}
        aria-haspopup="menu"
        aria-expanded={anchor !== undefined}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <Icon name="more" />
      </button>
      {anchor === undefined ? null : (
        <Menu
          anchor={anchor}
          label={t("acts")}
          onClose={() => setAnchor(undefined)}
          items={actions.map((action) => ({
            id: action.id,
            label: action.label,
            icon: action.icon,
            key: shownKey(action.key),
            tone: action.tone,
            run: () => action.run(host, anchor),
          }))}
        />
      )}
    </div>
  );
}

function titleOf({ label, key }: MessageAction): string {
  const shown = shownKey(key);
  return shown === undefined ? label : `${label} (${shown})`;
}

/** A key as it stands on the keyboard. */
export function shownKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  return key.length === 1 ? key.toUpperCase() : key === "Delete" ? "Del" : key;
}

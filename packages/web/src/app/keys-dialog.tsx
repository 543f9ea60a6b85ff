/** All keys of the app. */
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { TextKey } from "../i18n/index.ts";
import { Dialog } from "../ui/dialog.tsx";

const keys: readonly (readonly [readonly string[], TextKey])[] = [
  [["Ctrl K"], "keySwitcher"],
  [["Alt ↑", "Alt ↓"], "keyRooms"],
  [["Alt N"], "keyInbox"],
  [["↑"], "keyMessages"],
  [["↑", "↓"], "keyMove"],
  [["Home", "End"], "keyEnd"],
  [["Enter"], "keySend"],
  [["Shift Enter"], "keyLine"],
  [["Esc"], "keyEscape"],
  [["?"], "keyHelp"],
];

/** The list that `?` opens. */
export function KeysDialog({ onClose }: { onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  return (
    <Dialog title={t("keys")} onClose={onClose}>
      <dl className="content keys-list">
        {keys.map(([names, text]) => (
          <div key={text}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

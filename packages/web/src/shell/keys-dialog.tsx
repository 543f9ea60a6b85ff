/** All keys of the app: those of the page, and those of the composer and the messages. */
import { Dialog } from "@parlance/react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { TextKey } from "../i18n/index.ts";
import { pageCommands } from "./commands.ts";
import type { DialogProps } from "./dialogs.tsx";

/** Keys that belong to one place of the page. */
const local: readonly (readonly [readonly string[], TextKey])[] = [
  [["↑"], "keyMessages"],
  [["↑", "↓"], "keyMove"],
  [["Home", "End"], "keyEnd"],
  [["R"], "actAnswer"],
  [["T"], "actThread"],
  [["U"], "actMarkUnread"],
  [["E"], "actEdit"],
  [["+"], "actReact"],
  [["C"], "actCopyText"],
  [["L"], "actCopyLink"],
  [["S"], "actSave"],
  [["F"], "actForward"],
  [["Del"], "actDelete"],
  [["Enter"], "keySend"],
  [["Shift Enter"], "keyLine"],
  [["Esc"], "keyEscape"],
];

/** The list that `?` opens. */
export function KeysDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const everywhere = pageCommands.flatMap(({ keys, text }) =>
    keys === undefined ? [] : [[[keys], text] as const],
  );
  return (
    <Dialog title={t("keys")} onClose={onClose}>
      <dl className="content keys-list">
        {[...everywhere, ...local].map(([names, text]) => (
          <div key={text}>
            <dt>
              {names.map((name) => (
                <kbd key={name} dir="ltr">
                  {name}
                </kbd>
              ))}
            </dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

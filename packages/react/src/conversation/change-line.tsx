/** Where a change of a message is: it can still be taken back, it is on its way, or it was refused. */
import type { ReactNode } from "react";
import { useFailureText } from "../chat/failure-text.ts";
import type { PendingChange } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";
import type { TextKey } from "../texts/translate.ts";
import { Icon } from "../ui/icons.tsx";

const failures = {
  edit: "editFailed",
  delete: "deleteFailed",
  delete_file: "deleteFailed",
  pin: "pinFailed",
  save: "saveFailed",
  react: "editFailed",
} as const satisfies Record<PendingChange["kind"], TextKey>;

/** @param change Not a reaction. */
export function ChangeLine({
  change,
  onUndo,
  onRetry,
  onDrop,
}: {
  change: PendingChange;
  onUndo: () => void;
  onRetry: () => void;
  onDrop: () => void;
}): ReactNode {
  const { t } = useTexts();
  const failureText = useFailureText();
  if (change.state === "failed") {
    const reason = failureText(change.reason);
    return (
      <p className="failure" role="status">
        <Icon name="warning" small />
        <span>{t(failures[change.kind], { reason })}</span>
        <button type="button" className="link" onClick={onRetry}>
          {t("retry")}
        </button>
        <button type="button" className="link" onClick={onDrop}>
          {t("discard")}
        </button>
      </p>
    );
  }
  if (change.state === "undoable") {
    return (
      <p className="change-line" data-testid="undo" role="status">
        {t("deleting")}{" "}
        <button type="button" className="link" onClick={onUndo}>
          {t("undo")}
        </button>
      </p>
    );
  }
  return change.kind === "edit" ? <p className="change-line late">{t("saving")}</p> : null;
}

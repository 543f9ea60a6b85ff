/** Why a message was not sent, and what can be done. */
import type { ReactNode } from "react";
import { useFailureText } from "../chat/failure-text.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";

/** @param reason Code of the error table. */
export function Failure({
  reason,
  onRetry,
  onDiscard,
}: {
  reason: string | undefined;
  onRetry: () => void;
  onDiscard: () => void;
}): ReactNode {
  const { t } = useTexts();
  const text = useFailureText()(reason);
  return (
    <p className="failure">
      <Icon name="warning" small />
      <span>{t("stateFailed", { reason: text })}</span>
      <button type="button" className="link" onClick={onRetry}>
        {t("retry")}
      </button>
      <button type="button" className="link" onClick={onDiscard}>
        {t("discard")}
      </button>
    </p>
  );
}

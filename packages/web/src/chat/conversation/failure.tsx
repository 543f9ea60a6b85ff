/** Why a message was not sent, and what can be done. */
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../ui/icons.tsx";
import { useFailureText } from "../failure-text.ts";

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
  const { t } = useTranslation();
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

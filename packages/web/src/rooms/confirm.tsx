/** A question before something that is not done by chance. */
import { codeOf, Dialog, useFailureText } from "@parlance/react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";

/** What failed, in words; undefined: in the general ones. */
export type ProblemOf = (code: string) => string | undefined;

/** @param act What is done; the dialog closes when it is, and tells why when it is not. */
export function Confirm({
  title,
  hint,
  label,
  act,
  problemOf,
  onClose,
  children,
}: {
  title: string;
  hint: string;
  label: string;
  act: () => Promise<void>;
  problemOf?: ProblemOf;
  onClose: () => void;
  /** Fields that belong to it. */
  children?: ReactNode;
}): ReactNode {
  const { t } = useTranslation();
  const failureText = useFailureText();
  const [isWorking, setWorking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const run = async (): Promise<void> => {
    setWorking(true);
    try {
      await act();
      onClose();
    } catch (error) {
      setProblem(problemOf?.(codeOf(error)) ?? failureText(codeOf(error)));
      setWorking(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="content">
        <p>{hint}</p>
        {children}
        {problem === undefined ? null : (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <div className="actions">
          <button type="button" className="button" onClick={onClose} data-autofocus>
            {t("cancel")}
          </button>
          <button
            type="button"
            className="button primary"
            disabled={isWorking}
            onClick={() => void run()}
          >
            {label}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

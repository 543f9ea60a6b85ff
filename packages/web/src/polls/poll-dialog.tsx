/** Asks a room in a poll, now or later. */
import { codeOf, Dialog, fullTime, LaterChoice, useChat, useFailureText } from "@parlance/react";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DialogProps } from "../shell/dialogs.tsx";
import { PollFields } from "./poll-fields.tsx";
import { canAsk, usePoll, wishOf } from "./use-poll.ts";

/** `subject` is the room. */
export function PollDialog({ subject = "", onClose }: DialogProps): ReactNode {
  const { t, i18n } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const { draft, change } = usePoll();
  const [problem, setProblem] = useState<string>();
  const [waitsUntil, setWaitsUntil] = useState<Date>();
  const question = draft.question.trim();

  const ask = (event: FormEvent): void => {
    event.preventDefault();
    if (question === "") return;
    const poll = wishOf(draft, new Date());
    if (typeof poll === "string") {
      setProblem(t(poll));
      return;
    }
    chat.send(subject, question, { poll });
    onClose();
  };
  const askLater = async (at: Date): Promise<void> => {
    const poll = wishOf(draft, at);
    if (typeof poll === "string") {
      setProblem(t(poll));
      return;
    }
    setProblem(undefined);
    try {
      await chat.schedule(subject, question, at, { poll });
      setWaitsUntil(at);
    } catch (error) {
      setProblem(t("laterFailed", { reason: failureText(codeOf(error)) }));
    }
  };
  if (waitsUntil !== undefined) {
    const time = fullTime(waitsUntil.toISOString(), i18n.language);
    return (
      <Dialog key="told" title={t("pollNew")} onClose={onClose}>
        <div className="content">
          <p role="status" data-testid="poll-later-told">
            {t("laterDone", { time })}
          </p>
          <div className="actions">
            <button type="button" className="button primary" data-autofocus onClick={onClose}>
              {t("close")}
            </button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={t("pollNew")} onClose={onClose}>
      <form className="content" onSubmit={ask}>
        <PollFields
          draft={draft}
          onChange={(changed) => {
            setProblem(undefined);
            change(changed);
          }}
        />
        {problem === undefined ? null : (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            {t("cancel")}
          </button>
          <LaterChoice canSend={canAsk(draft)} onChoose={(at) => void askLater(at)} />
          <button type="submit" className="button primary" disabled={question === ""}>
            {t("pollAsk")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

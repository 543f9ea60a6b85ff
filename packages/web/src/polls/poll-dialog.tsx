/** Asks a room in a poll. */
import { Dialog, useChat } from "@parlance/react";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DialogProps } from "../shell/dialogs.tsx";
import "./polls.css";

/** Choices of a poll, and lengths, by the protocol. */
const mostChoices = 10;
const choiceLength = 200;
const questionLength = 2_000;

interface Choice {
  readonly id: number;
  readonly text: string;
}

/** `subject` is the room. */
export function PollDialog({ subject = "", onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const [question, setQuestion] = useState("");
  const [choices, setChoices] = useState<readonly Choice[]>([
    { id: 0, text: "" },
    { id: 1, text: "" },
  ]);
  const [isSeveral, setSeveral] = useState(false);
  const [isAnonymous, setAnonymous] = useState(false);
  const [until, setUntil] = useState("");
  const [problem, setProblem] = useState<string>();
  const added = useRef<number>(undefined);
  const fields = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (added.current === undefined) return;
    added.current = undefined;
    fields.current?.querySelector<HTMLInputElement>("li:last-child input")?.focus();
  }, [choices.length]);

  const texts = choices.map(({ text }) => text.trim()).filter((text) => text !== "");
  const ask = (event: FormEvent): void => {
    event.preventDefault();
    if (question.trim() === "") return;
    if (texts.length < 2 || new Set(texts).size < texts.length) {
      setProblem(t("pollTwo"));
      return;
    }
    const ends = until === "" ? undefined : new Date(until);
    chat.send(subject, question.trim(), {
      poll: {
        options: texts,
        ...(isSeveral ? { several: true } : {}),
        ...(isAnonymous ? { anonymous: true } : {}),
        ...(ends === undefined ? {} : { closes_at: ends.toISOString() }),
      },
    });
    onClose();
  };
  const add = (): void => {
    const id = Math.max(...choices.map((choice) => choice.id)) + 1;
    added.current = id;
    setChoices([...choices, { id, text: "" }]);
  };
  const write = (id: number, text: string): void => {
    setProblem(undefined);
    setChoices(choices.map((choice) => (choice.id === id ? { id, text } : choice)));
  };
  return (
    <Dialog title={t("pollNew")} onClose={onClose}>
      <form className="content" onSubmit={ask}>
        <div className="field">
          <label htmlFor="poll-question">{t("pollQuestion")}</label>
          <input
            id="poll-question"
            className="input"
            dir="auto"
            maxLength={questionLength}
            required
            value={question}
            data-autofocus
            onChange={(event) => setQuestion(event.target.value)}
          />
        </div>
        <div ref={fields}>
          <ol className="poll-choices">
            {choices.map(({ id, text }, place) => (
              <li key={id}>
                <input
                  className="input"
                  aria-label={t("pollChoice", { number: place + 1 })}
                  placeholder={t("pollChoice", { number: place + 1 })}
                  dir="auto"
                  maxLength={choiceLength}
                  value={text}
                  onChange={(event) => write(id, event.target.value)}
                />
                <button
                  type="button"
                  className="button"
                  aria-label={t("pollRemove", { number: place + 1 })}
                  disabled={choices.length <= 2}
                  onClick={() => setChoices(choices.filter((choice) => choice.id !== id))}
                >
                  ×
                </button>
              </li>
            ))}
          </ol>
        </div>
        <button
          type="button"
          className="button"
          disabled={choices.length >= mostChoices}
          onClick={add}
        >
          {t("pollAdd")}
        </button>
        <label className="poll-switch">
          <input
            type="checkbox"
            checked={isSeveral}
            onChange={(event) => setSeveral(event.target.checked)}
          />
          {t("pollSeveral")}
        </label>
        <label className="poll-switch">
          <input
            type="checkbox"
            checked={isAnonymous}
            onChange={(event) => setAnonymous(event.target.checked)}
          />
          {t("pollAnonymous")}
        </label>
        <div className="field">
          <label htmlFor="poll-until">{t("pollUntil")}</label>
          <input
            id="poll-until"
            className="input"
            type="datetime-local"
            value={until}
            onChange={(event) => setUntil(event.target.value)}
          />
        </div>
        {problem === undefined ? null : (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="submit" className="button primary" disabled={question.trim() === ""}>
            {t("pollAsk")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

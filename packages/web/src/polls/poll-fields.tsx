/** The fields of a poll: what is asked, what there is to choose, and how. */
import { type ReactNode, useEffect, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { PollDraft } from "./use-poll.ts";
import "./polls.css";

/** Choices of a poll, and lengths, by the protocol. */
const mostChoices = 10;
const choiceLength = 200;
const questionLength = 2_000;

/** @param onChange Gets what is different. */
export function PollFields({
  draft,
  onChange,
}: {
  draft: PollDraft;
  onChange: (change: Partial<PollDraft>) => void;
}): ReactNode {
  const { t } = useTranslation();
  const { question, choices, isSeveral, isAnonymous, until } = draft;
  const id = useId();
  const added = useRef<number>(undefined);
  const fields = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (added.current === undefined) return;
    added.current = undefined;
    fields.current?.querySelector<HTMLInputElement>(":scope > li:last-child input")?.focus();
  }, [choices.length]);
  const add = (): void => {
    const next = Math.max(...choices.map((choice) => choice.id)) + 1;
    added.current = next;
    onChange({ choices: [...choices, { id: next, text: "" }] });
  };
  const write = (which: number, text: string): void =>
    onChange({
      choices: choices.map((choice) => (choice.id === which ? { id: which, text } : choice)),
    });
  return (
    <>
      <div className="field">
        <label htmlFor={`${id}-question`}>{t("pollQuestion")}</label>
        <input
          id={`${id}-question`}
          className="input"
          dir="auto"
          maxLength={questionLength}
          required
          value={question}
          data-autofocus
          onChange={(event) => onChange({ question: event.target.value })}
        />
      </div>
      <ol ref={fields} className="poll-choices">
        {choices.map((choice, place) => (
          <li key={choice.id}>
            <input
              className="input"
              aria-label={t("pollChoice", { number: place + 1 })}
              placeholder={t("pollChoice", { number: place + 1 })}
              dir="auto"
              maxLength={choiceLength}
              value={choice.text}
              onChange={(event) => write(choice.id, event.target.value)}
            />
            <button
              type="button"
              className="button"
              aria-label={t("pollRemove", { number: place + 1 })}
              disabled={choices.length <= 2}
              onClick={() => onChange({ choices: choices.filter((one) => one !== choice) })}
            >
              ×
            </button>
          </li>
        ))}
      </ol>
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
          onChange={(event) => onChange({ isSeveral: event.target.checked })}
        />
        {t("pollSeveral")}
      </label>
      <label className="poll-switch">
        <input
          type="checkbox"
          checked={isAnonymous}
          onChange={(event) => onChange({ isAnonymous: event.target.checked })}
        />
        {t("pollAnonymous")}
      </label>
      <div className="field">
        <label htmlFor={`${id}-until`}>{t("pollUntil")}</label>
        <input
          id={`${id}-until`}
          className="input"
          type="datetime-local"
          value={until}
          onChange={(event) => onChange({ until: event.target.value })}
        />
      </div>
    </>
  );
}

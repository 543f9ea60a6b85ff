/** The reader's own sections: their names and their order, by mouse and by keyboard. */
import type { Section } from "@parlance/client";
import {
  codeOf,
  Dialog,
  Field,
  Icon,
  useChat,
  useChatState,
  useFailureText,
} from "@parlance/react";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DialogProps } from "../shell/dialogs.tsx";
import { moved, newSection, sectionNameLength } from "./sections.ts";
import { isolated } from "./use-subject.ts";

/** Every change takes effect at once, on all devices. */
export function SectionsDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const sections = useChatState((state) => state.preferences.everywhere.sections) ?? [];
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string>();
  const set = async (next: readonly Section[]): Promise<void> => {
    setProblem(undefined);
    await chat
      .preferEverywhere({ sections: next.length === 0 ? null : next })
      .catch((error: unknown) => setProblem(failureText(codeOf(error))));
  };
  const add = (event: FormEvent): void => {
    event.preventDefault();
    if (name.trim() === "") return;
    void set([...sections, newSection(name)]);
    setName("");
  };
  return (
    <Dialog title={t("sections")} onClose={onClose}>
      <div className="content">
        <p className="hint">{t("sectionsHint")}</p>
        {sections.length === 0 ? null : (
          <ol className="sections-list">
            {sections.map((section, index) => (
              <SectionRow
                key={section.id}
                section={section}
                isFirst={index === 0}
                isLast={index === sections.length - 1}
                onName={(to) => void set(sections.with(index, { ...section, name: to }))}
                onMove={(step) => void set(moved(sections, index, index + step))}
                onRemove={() => void set(sections.toSpliced(index, 1))}
              />
            ))}
          </ol>
        )}
        <form className="with-button" onSubmit={add}>
          <Field
            label={t("sectionNew")}
            value={name}
            onChange={(event) => setName(event.target.value)}
            maxLength={sectionNameLength}
            problem={problem}
            data-autofocus
            dir="auto"
            autoComplete="off"
          />
          <button type="submit" className="button" disabled={name.trim() === ""}>
            {t("sectionAdd")}
          </button>
        </form>
      </div>
    </Dialog>
  );
}

function SectionRow({
  section,
  isFirst,
  isLast,
  onName,
  onMove,
  onRemove,
}: {
  section: Section;
  isFirst: boolean;
  isLast: boolean;
  onName: (name: string) => void;
  onMove: (step: 1 | -1) => void;
  onRemove: () => void;
}): ReactNode {
  const { t } = useTranslation();
  // What is typed is not thrown away by a change from elsewhere before it is kept.
  const [typed, setTyped] = useState<string>();
  const keep = (): void => {
    const name = typed?.trim() ?? "";
    if (name !== "" && name !== section.name) onName(name);
    setTyped(undefined);
  };
  const called = { name: isolated(section.name) };
  return (
    <li>
      <input
        className="input"
        aria-label={t("sectionName")}
        value={typed ?? section.name}
        maxLength={sectionNameLength}
        dir="auto"
        onChange={(event) => setTyped(event.target.value)}
        onBlur={keep}
        onKeyDown={(event) => {
          if (event.key === "Enter") keep();
          if (event.altKey && event.key === "ArrowUp" && !isFirst) onMove(-1);
          if (event.altKey && event.key === "ArrowDown" && !isLast) onMove(1);
        }}
      />
      <button
        type="button"
        className="icon-button"
        aria-label={t("sectionUp", called)}
        title={t("sectionUp", called)}
        aria-disabled={isFirst}
        onClick={() => (isFirst ? undefined : onMove(-1))}
      >
        <Icon name="up" small />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label={t("sectionDown", called)}
        title={t("sectionDown", called)}
        aria-disabled={isLast}
        onClick={() => (isLast ? undefined : onMove(1))}
      >
        <Icon name="down" small />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label={t("sectionDelete", called)}
        title={t("sectionDelete", called)}
        onClick={onRemove}
      >
        <Icon name="close" small />
      </button>
    </li>
  );
}

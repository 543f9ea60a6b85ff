/** A message's text as a field, in the place where it stands. */
import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { growField } from "../composer/grow.ts";
import { useTexts } from "../texts/texts.tsx";

/** Enter saves, Shift+Enter begins a line, Esc leaves the message as it was. */
export function MessageEditor({
  text,
  onSave,
  onCancel,
}: {
  text: string;
  onSave: (text: string) => void;
  onCancel: () => void;
}): ReactNode {
  const { t } = useTexts();
  const field = useRef<HTMLTextAreaElement>(null);
  const [value, setValue] = useState(text);
  useLayoutEffect(() => growField(field.current), [value]);
  useLayoutEffect(() => {
    field.current?.focus({ preventScroll: true });
    field.current?.setSelectionRange(text.length, text.length);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once, when it is shown
  }, []);

  const save = (): void => {
    const next = value.trimEnd();
    if (next.trim() === "" || next === text) onCancel();
    else onSave(next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // The keys of the list of messages do not work while one writes.
    event.stopPropagation();
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      save();
    } else if (event.key === "Escape") {
      event.preventDefault();
      onCancel();
    }
  };
  return (
    <form
      className="editor"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <textarea
        ref={field}
        className="input"
        aria-label={t("actEdit")}
        dir="auto"
        rows={1}
        value={value}
        onChange={(event) => setValue(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="editor-acts">
        <button type="submit" className="link">
          {t("save")}
        </button>
        <button type="button" className="link" onClick={onCancel}>
          {t("cancel")}
        </button>
        <span className="quiet">{t("editorKeys")}</span>
      </div>
    </form>
  );
}

/** Where one writes. */
import { type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import { useComposer } from "./use-composer.ts";

/** What is left is shown from here on. */
const nearLimit = 500;

/**
 * Enter sends, Shift+Enter begins a line, the arrow up in an empty field goes into the messages. What is
 * written stays as a draft of its room.
 */
export function Composer({
  roomId,
  title,
  takesFocus = false,
  onSent,
  onMessages,
}: {
  roomId: string;
  /** Undefined while the room is not known. */
  title: string | undefined;
  /** One may write at once when it is shown. */
  takesFocus?: boolean;
  onSent?: () => void;
  /** The arrow up in an empty field: into the messages. */
  onMessages?: () => void;
}): ReactNode {
  const { t } = useTexts();
  const field = useRef<HTMLTextAreaElement>(null);
  const composer = useComposer(roomId);
  const { text, left, canSend } = composer;

  useLayoutEffect(() => grow(field.current), [text]);
  useEffect(() => {
    if (takesFocus) field.current?.focus({ preventScroll: true });
  }, [roomId, takesFocus]);

  const send = (): void => {
    if (!composer.send()) return;
    onSent?.();
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    // While an input method composes, Enter chooses a word; 229 is how Safari says so.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && text === "" && !event.altKey) {
      event.preventDefault();
      onMessages?.();
    } else if (event.key === "Escape") {
      field.current?.blur();
    }
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className="composer-box">
        <textarea
          ref={field}
          data-testid="composer"
          aria-label={t("composer")}
          placeholder={
            title === undefined ? t("composer") : t("composerPlaceholder", { room: title })
          }
          rows={1}
          dir="auto"
          value={text}
          onChange={(event) => composer.setText(event.target.value)}
          onKeyDown={onKeyDown}
          onBlur={composer.pause}
        />
        <button
          type="submit"
          className="icon-button send"
          aria-label={t("send")}
          title={t("send")}
          disabled={!canSend}
        >
          <Icon name="send" />
        </button>
      </div>
      {left > nearLimit ? null : (
        <p className={left < 0 ? "left over" : "left"} role="status">
          {left < 0 ? t("charactersOver", { count: -left }) : t("charactersLeft", { count: left })}
        </p>
      )}
    </form>
  );
}

/** As high as its text; the style sheet bounds it to eight lines. */
function grow(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.blockSize = "auto";
  field.style.blockSize = `${field.scrollHeight}px`;
}

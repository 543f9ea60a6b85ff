/** Where one writes. */
import {
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../ui/icons.tsx";
import { useChat } from "../context.ts";
import type { Drafts } from "./drafts.ts";
import { createTypingSignal } from "./typing-signal.ts";

/** Length of a text where the server has not told its own limit (protocol, `textLength`), in UTF-16 code units. */
const defaultLimit = 16_384;
/** What is left is shown from here on. */
const nearLimit = 500;

/**
 * Enter sends, Shift+Enter begins a line, the arrow up in an empty field goes into the messages. What is
 * written stays as a draft of its room.
 */
export function Composer({
  roomId,
  title,
  drafts,
  onSent,
  onMessages,
}: {
  roomId: string;
  /** Undefined while the room is not known. */
  title: string | undefined;
  drafts: Drafts;
  onSent: () => void;
  onMessages: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => drafts.get(roomId));
  const limit = chat.client.session?.limits.text_length ?? defaultLimit;
  const left = limit - text.trimEnd().length;
  const canSend = text.trim() !== "" && left >= 0;
  const signal = useMemo(
    () =>
      createTypingSignal(
        (active) => chat.typing(roomId, active),
        Date.now,
        (run, ms) => {
          const timer = setTimeout(run, ms);
          return () => clearTimeout(timer);
        },
      ),
    [chat, roomId],
  );

  useLayoutEffect(() => grow(field.current), [text]);
  useEffect(() => {
    field.current?.focus({ preventScroll: true });
    return () => signal.stop();
  }, [signal]);

  const change = (next: string): void => {
    setText(next);
    drafts.set(roomId, next);
    signal.stroke(next);
  };
  const send = (): void => {
    if (!canSend) return;
    chat.send(roomId, text.trimEnd());
    setText("");
    drafts.set(roomId, "");
    signal.stop();
    onSent();
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
      onMessages();
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
          onChange={(event) => change(event.target.value)}
          onKeyDown={onKeyDown}
          onBlur={() => signal.stop()}
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

/** Where one writes. */
import {
  type ClipboardEvent,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { chooseByKey } from "../asking/choose-by-key.ts";
import { OnlyYouNotes } from "../asking/only-you.tsx";
import { SlashMenu, slashField } from "../asking/slash-menu.tsx";
import { useSlash } from "../asking/use-slash.ts";
import { useChat } from "../chat/context.ts";
import { EmojiGrid } from "../conversation/emoji-grid.tsx";
import { isWriting } from "../conversation/list-keys.ts";
import { useTexts } from "../texts/texts.tsx";
import { activeIn } from "../ui/focus.ts";
import { Icon } from "../ui/icons.tsx";
import { Popover } from "../ui/popover.tsx";
import { AnswerBar, useAnswer } from "./answer-bar.tsx";
import { CompletionList, useCompletion } from "./completion.tsx";
import { draftKey } from "./drafts.ts";
import { growField } from "./grow.ts";
import { LaterButton } from "./later-button.tsx";
import { useSlowMode } from "./slow-mode.ts";
import { useComposer } from "./use-composer.ts";
import { useMentionItems } from "./use-mentions.tsx";

/** What is left is shown from here on. */
const nearLimit = 500;

/**
 * Enter sends, Shift+Enter begins a line, the arrow up in an empty field goes into the messages. What is
 * written stays as a draft of its room.
 */
export function Composer({
  roomId,
  thread,
  title,
  takesFocus = false,
  onSent,
  onMessages,
  onFiles,
  onPoll,
}: {
  roomId: string;
  /** Id of the root, to write in a thread. */
  thread?: string;
  /** Undefined while the room is not known. */
  title: string | undefined;
  /** One may write at once when it is shown. */
  takesFocus?: boolean;
  onSent?: () => void;
  /** The arrow up in an empty field: into the messages. */
  onMessages?: () => void;
  /** Files were chosen or pasted. Absent: there is no way to send any. */
  onFiles?: (files: readonly File[]) => void;
  /** Opens the dialog of a new poll. Absent: there is none. */
  onPoll?: () => void;
}): ReactNode {
  const { t } = useTexts();
  const field = useRef<HTMLTextAreaElement>(null);
  const composer = useComposer(roomId, thread);
  const chat = useChat();
  const key = draftKey(roomId, thread);
  const answer = useAnswer(roomId, key);
  const answers = useRef(answer?.id);
  const { everySeconds, waitSeconds } = useSlowMode(roomId);
  const [told, setTold] = useState<string>();
  const { text, left } = composer;
  const canSend = composer.canSend && waitSeconds === 0;

  useLayoutEffect(() => growField(field.current), [text]);
  useEffect(() => {
    // Not from another field that somebody is writing in meanwhile.
    const active = field.current === null ? null : activeIn(field.current);
    if (takesFocus && !isWriting(active)) field.current?.focus({ preventScroll: true });
  }, [roomId, takesFocus]);

  useEffect(() => {
    // One that somebody has just chosen, not one that was kept with the draft.
    if (answer?.id !== undefined && answer.id !== answers.current) field.current?.focus();
    answers.current = answer?.id;
  }, [answer?.id]);

  const [caret, setCaret] = useState<number>();
  const insert = (piece: string, from?: number): void => {
    const { current } = field;
    const start = from ?? current?.selectionStart ?? text.length;
    const end = current?.selectionEnd ?? text.length;
    composer.setText(text.slice(0, start) + piece + text.slice(end));
    requestAnimationFrame(() => {
      current?.focus();
      current?.setSelectionRange(start + piece.length, start + piece.length);
      setCaret(start + piece.length);
    });
  };
  const offered = useMentionItems(roomId, text, caret);
  const completion = useCompletion(offered.start, offered.items, (item) =>
    insert(`${item.text} `, offered.start),
  );

  const menu = useId();
  const slash = useSlash(roomId, text, thread === undefined ? onPoll : undefined);
  const isChoosing = slash.offered.length > 0;
  const choose = (name: string): void => {
    composer.setText(`/${name} `);
    field.current?.focus();
  };
  const send = (): void => {
    const isGiven = canSend && slash.give(text.trimEnd(), () => composer.setText(""));
    if (isGiven || !canSend || !composer.send()) return;
    onSent?.();
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    // While an input method composes, Enter chooses a word; 229 is how Safari says so.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (completion.onKeyDown(event)) return;
    if (isChoosing && chooseByKey(event, slash, choose)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && text === "" && !event.altKey) {
      event.preventDefault();
      onMessages?.();
    } else if (event.key === "Escape" && answer !== undefined) {
      event.preventDefault();
      chat.answer(key, undefined);
    } else if (event.key === "Escape") {
      field.current?.blur();
    }
  };
  const onPaste = (event: ClipboardEvent): void => {
    const files = [...event.clipboardData.files];
    // Some programs put a picture of a text beside the text itself.
    if (files.length === 0 || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    onFiles?.(files);
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {thread === undefined ? <OnlyYouNotes roomId={roomId} /> : null}
      {answer === undefined ? null : (
        <AnswerBar
          quote={answer}
          onRemove={() => {
            chat.answer(key, undefined);
            field.current?.focus();
          }}
        />
      )}
      <CompletionList completion={completion} label={t("mentionList")} />
      {isChoosing ? <SlashMenu id={menu} slash={slash} onPick={choose} /> : null}
      <div className="composer-box">
        {onFiles === undefined ? null : <AttachButton onFiles={onFiles} />}
        <textarea
          ref={field}
          data-testid={thread === undefined ? "composer" : "thread-composer"}
          aria-label={t(thread === undefined ? "composer" : "threadComposer")}
          placeholder={
            thread !== undefined
              ? t("threadComposer")
              : title === undefined
                ? t("composer")
                : t("composerPlaceholder", { room: title })
          }
          rows={1}
          dir="auto"
          value={text}
          {...(isChoosing ? slashField(menu, slash) : completion.field)}
          onChange={(event) => {
            slash.forgetProblem();
            composer.setText(event.target.value);
            setCaret(event.target.selectionStart);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          onBlur={() => {
            composer.pause();
            setCaret(undefined);
          }}
        />
        {onPoll === undefined || thread !== undefined ? null : (
          <button
            type="button"
            className="icon-button composer-tool"
            aria-label={t("pollNew")}
            title={t("pollNew")}
            onClick={onPoll}
          >
            <Icon name="poll" />
          </button>
        )}
        <EmojiButton onPick={insert} />
        <LaterButton canSend={composer.canSend} onLater={composer.sendLater} onTold={setTold} />
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
      {told === undefined ? null : (
        <p className="left told" role="status" data-testid="later-told">
          {told}
        </p>
      )}
      {slash.problem === undefined ? null : (
        <p className="problem" role="alert" data-testid="slash-problem">
          {slash.problem}
        </p>
      )}
      {everySeconds === undefined ? null : (
        <p className="left" data-testid="slow-mode">
          {waitSeconds === 0
            ? t("slowMode", { count: everySeconds })
            : t("slowWait", { count: waitSeconds })}
        </p>
      )}
      {left > nearLimit ? null : (
        <p className={left < 0 ? "left over" : "left"} role="status">
          {left < 0 ? t("charactersOver", { count: -left }) : t("charactersLeft", { count: left })}
        </p>
      )}
    </form>
  );
}

function AttachButton({ onFiles }: { onFiles: (files: readonly File[]) => void }): ReactNode {
  const { t } = useTexts();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className="icon-button composer-tool"
        aria-label={t("attach")}
        title={t("attach")}
        onClick={() => input.current?.click()}
      >
        <Icon name="attach" />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="attach"
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          // The same file may be chosen again.
          event.target.value = "";
        }}
      />
    </>
  );
}

function EmojiButton({ onPick }: { onPick: (emoji: string) => void }): ReactNode {
  const { t } = useTexts();
  const [anchor, setAnchor] = useState<HTMLElement>();
  return (
    <>
      <button
        type="button"
        className="icon-button composer-tool"
        aria-label={t("emoji")}
        title={t("emoji")}
        aria-haspopup="dialog"
        aria-expanded={anchor !== undefined}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <Icon name="smile" />
      </button>
      {anchor === undefined ? null : (
        <Popover anchor={anchor} label={t("emoji")} onClose={() => setAnchor(undefined)}>
          <EmojiGrid
            onPick={(emoji) => {
              setAnchor(undefined);
              onPick(emoji);
            }}
          />
        </Popover>
      )}
    </>
  );
}

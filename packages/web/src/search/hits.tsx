/** What a search found: each message with what stands beside it. */
import type { MessageView, SearchHit } from "@parlance/client";
import { keyTarget } from "@parlance/react";
import { type KeyboardEvent, type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { ShortTime } from "../keeping/excerpts.tsx";
import { aroundFirst, markWords } from "./highlight.ts";

/** Characters of a message that is found, and of one beside it. */
const mostText = 320;
const mostBeside = 90;

/** Arrow keys go through them, Enter opens; before the first is the field. */
export function Hits({
  hits,
  words,
  showsRoom,
  opened,
  autofocus,
  onOpen,
  onLeave,
}: {
  hits: readonly SearchHit[];
  words: readonly string[];
  /** They are of several rooms. */
  showsRoom: boolean;
  /** Id of the message that was opened last. */
  opened: string | undefined;
  /** Id of the message that has the focus when they are shown. */
  autofocus: string | undefined;
  onOpen: (hit: SearchHit) => void;
  /** Back to the field. */
  onLeave: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const list = useRef<HTMLUListElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const all = [...(list.current?.querySelectorAll<HTMLElement>(".hit") ?? [])];
    const here = all.findIndex((one) => one === document.activeElement);
    if (event.key === "Escape" || (event.key === "ArrowUp" && here === 0)) {
      event.preventDefault();
      onLeave();
      return;
    }
    const target = keyTarget(event.key, here, all.length);
    if (target === undefined) return;
    event.preventDefault();
    all[target]?.focus();
  };
  return (
    <ul ref={list} className="hits" aria-label={t("searchFound")} onKeyDown={onKeyDown}>
      {hits.map((hit) => {
        const { message, room_title: title } = hit;
        const name = `\u2068${message.author_name}\u2069`;
        return (
          <li key={message.id}>
            <button
              type="button"
              className="hit"
              data-testid="hit"
              data-message={message.id}
              aria-current={message.id === opened ? "true" : undefined}
              {...(message.id === autofocus ? { "data-autofocus": true } : {})}
              onClick={() => onOpen(hit)}
            >
              <span className="excerpt-head">
                <span className="excerpt-who" dir="auto">
                  {showsRoom ? t("saidIn", { name, room: `\u2068${title}\u2069` }) : name}
                </span>
                <ShortTime time={message.time} />
              </span>
              {(hit.before ?? []).map((one) => (
                <Beside key={one.id} message={one} />
              ))}
              <span className="hit-text" dir="auto">
                {markWords(aroundFirst(message.text, words, mostText), words).map((piece, index) =>
                  // The pieces of one text never change their order.
                  piece.isFound ? <mark key={index}>{piece.text}</mark> : piece.text,
                )}
              </span>
              {(hit.after ?? []).map((one) => (
                <Beside key={one.id} message={one} />
              ))}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Beside({ message }: { message: MessageView }): ReactNode {
  if (message.text === "") return null;
  const text = message.text.replaceAll(/\s+/gu, " ");
  return (
    <span className="hit-beside" dir="auto">
      <bdi>{message.author_name}</bdi>:{" "}
      {text.length > mostBeside ? `${text.slice(0, mostBeside)} …` : text}
    </span>
  );
}

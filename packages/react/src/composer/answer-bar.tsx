/** What the next message answers, above the field; it can be taken away. */
import { type ReactNode, useEffect, useMemo } from "react";
import { useChat, useChatState, useRoom } from "../chat/context.ts";
import { foldMessages } from "../conversation/fold.ts";
import { type Quote, quotesOf } from "../conversation/quotes.ts";
import { plainLine } from "../markdown/plain-line.ts";
import { shownEvents } from "../state/window.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";

/** The message that a draft answers. `key`: see `draftKey`. */
export function useAnswer(roomId: string, key: string): Quote | undefined {
  const chat = useChat();
  const room = useRoom(roomId);
  const id = useChatState((state) => state.answers[key]);
  const me = useChatState((state) => state.me.id);
  const quote = useMemo(() => {
    if (id === undefined || room === undefined) return undefined;
    return quotesOf(room, foldMessages(room, me), shownEvents(room)).of(id);
  }, [id, room, me]);
  const isUnknown = quote?.state === "unknown" && room?.status === "ready";
  useEffect(() => {
    if (isUnknown && id !== undefined) chat.loadOthers(roomId, [id]);
  }, [chat, roomId, id, isUnknown]);
  return quote;
}

/** One line, and a button that takes it away. */
export function AnswerBar({ quote, onRemove }: { quote: Quote; onRemove: () => void }): ReactNode {
  const { t } = useTexts();
  return (
    <div className="answer-bar" data-testid="answer-bar">
      <Icon name="reply" small />
      <span className="quote-text" dir="auto">
        {quote.state === "gone" ? (
          <em>{t("quoteGone")}</em>
        ) : (
          <>
            <bdi className="quote-name">{quote.name}</bdi> {plainLine(quote.text)}
          </>
        )}
      </span>
      <button
        type="button"
        className="icon-button"
        aria-label={t("answerRemove")}
        title={`${t("answerRemove")} (Esc)`}
        onClick={onRemove}
      >
        <Icon name="close" small />
      </button>
    </div>
  );
}

/** What a message answers, above it. */
import { type ReactNode, useEffect } from "react";
import { useChat } from "../chat/context.ts";
import { plainLine } from "../markdown/plain-line.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import type { Quote } from "./quotes.ts";
import type { Row } from "./rows.ts";

/** One line; a click goes to the message. */
export function QuoteLine({ quote, onClick }: { quote: Quote; onClick: () => void }): ReactNode {
  const { t } = useTexts();
  if (quote.state === "unknown") {
    return (
      <div className="quote late" aria-hidden="true" data-testid="quote" data-state="unknown" />
    );
  }
  if (quote.state === "gone") {
    return (
      <div className="quote" data-testid="quote" data-state="gone">
        <Icon name="reply" small />
        <em>{t("quoteGone")}</em>
      </div>
    );
  }
  return (
    <button
      type="button"
      className="quote"
      data-testid="quote"
      data-state="there"
      onClick={onClick}
    >
      <Icon name="reply" small />
      <span className="hidden-visually">{t("quoteTo")} </span>
      <bdi className="quote-name">{quote.name}</bdi>
      <span className="quote-text" dir="auto">
        {plainLine(quote.text)}
      </span>
    </button>
  );
}

/** Asks for messages that are answered and not loaded. */
export function useUnknownQuotes(room: string, rows: readonly Row[]): void {
  const chat = useChat();
  useEffect(() => {
    const unknown = rows.flatMap((row) =>
      row.kind === "message" && row.quote?.state === "unknown" ? [row.quote.id] : [],
    );
    if (unknown.length > 0) chat.loadOthers(room, unknown);
  }, [chat, room, rows]);
}

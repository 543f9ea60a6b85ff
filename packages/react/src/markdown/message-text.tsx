/** A message's text. What has no sign of Markdown in it needs no parser, and is there at once. */
import { lazy, type ReactNode, Suspense } from "react";
import { findLinks } from "./links.ts";
import { Marked, type MentionMark, MentionMarks } from "./mention-marks.tsx";

/** Longer texts are shown as they are: nobody reads them formatted, and parsing them takes its time. UTF-16 code units. */
const mostFormatted = 20_000;

const signs = /[*_`~|\\[\]#]|<(?=https?:|mailto:)|^\s*(?:[-+>]|\d+[.)])\s|^-{3}/mu;

const Markdown = lazy(async () => {
  const module = await import("./markdown.tsx");
  return { default: module.Markdown };
});

/** Fetches the parser, so that it is there when the first message needs it. */
export function preloadMarkdown(): void {
  void import("./markdown.tsx").catch(() => undefined);
}

/**
 * @param text As it was written.
 * @param marks What of it mentions somebody.
 */
export function MessageText({
  text,
  marks = noMarks,
}: {
  text: string;
  marks?: readonly MentionMark[] | undefined;
}): ReactNode {
  return (
    <MentionMarks value={marks}>
      <FormattedText text={text} />
    </MentionMarks>
  );
}

const noMarks: readonly MentionMark[] = [];

function FormattedText({ text }: { text: string }): ReactNode {
  if (text.length > mostFormatted || !signs.test(text)) return <PlainText text={text} />;
  return (
    <Suspense fallback={<PlainText text={text} />}>
      <Markdown text={text} />
    </Suspense>
  );
}

function PlainText({ text }: { text: string }): ReactNode {
  return (
    <div className="plain" dir="auto">
      {findLinks(text).map((piece, index) =>
        piece.kind === "text" ? (
          <Marked key={index} text={piece.text} />
        ) : (
          // The pieces of one text never change their order.
          <a key={index} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
            {piece.text}
          </a>
        ),
      )}
    </div>
  );
}

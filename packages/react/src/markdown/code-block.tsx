/** A block of code, with colours once they are loaded, and a button that copies it. */
import { type ReactNode, useEffect, useState } from "react";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import type { CodePiece } from "./highlight.ts";

/** Longer code stays without colours: they are not worth the wait. UTF-16 code units. */
const mostColoured = 20_000;
/** How long the button says that it copied. Milliseconds. */
const copiedMs = 2_000;

/** @param language As it was written; unknown ones have no colours. */
export function CodeBlock({ text, language }: { text: string; language: string }): ReactNode {
  const { t } = useTexts();
  const pieces = useColours(text, language);
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), copiedMs);
  };
  return (
    <div className="code-block" dir="ltr">
      <pre tabIndex={0} aria-label={language === "" ? t("code") : t("codeIn", { language })}>
        <code>
          {pieces === undefined
            ? text
            : pieces.map((piece, index) =>
                piece.scope === undefined ? (
                  piece.text
                ) : (
                  <span key={index} className={`code-${piece.scope}`}>
                    {piece.text}
                  </span>
                ),
              )}
        </code>
      </pre>
      <button
        type="button"
        className="icon-button"
        aria-label={t(isCopied ? "copied" : "copyCode")}
        title={t("copyCode")}
        onClick={() => void copy().catch(() => undefined)}
      >
        <Icon name={isCopied ? "check" : "copy"} small />
      </button>
    </div>
  );
}

function useColours(text: string, language: string): readonly CodePiece[] | undefined {
  const [pieces, setPieces] = useState<readonly CodePiece[]>();
  useEffect(() => {
    if (language === "" || text.length > mostColoured) return;
    let isOver = false;
    import("./highlight.ts").then(
      ({ colour }) => isOver || setPieces(colour(text, language)),
      // Without a line the code stays as it is.
      () => undefined,
    );
    return () => {
      isOver = true;
    };
  }, [text, language]);
  return pieces;
}

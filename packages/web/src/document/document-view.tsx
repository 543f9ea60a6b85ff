/** A document: its text to write in together, and what it said before. */
import { closedTo, type RoomState } from "@parlance/react";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { TextKey } from "../i18n/index.ts";
import { usePage } from "../shell/context.ts";
import { bindText } from "./bind-text.ts";
import "./document.css";
import { DocumentHistory } from "./history.tsx";
import { type LineState, type OpenDocument, openDocument } from "./open-document.ts";

const lines = {
  opening: "documentOpening",
  away: "documentAway",
  closed: "documentClosed",
} as const satisfies Record<Exclude<LineState, "ready">, TextKey>;

/** @param room A room of kind `document` that is ready. */
export function DocumentView({ room }: { room: RoomState }): ReactNode {
  const { t } = useTranslation();
  const { token } = usePage();
  const area = useRef<HTMLTextAreaElement>(null);
  const opened = useRef<OpenDocument>(undefined);
  const [state, setState] = useState<LineState>("opening");
  const [past, setPast] = useState<string>();
  const mayWrite = room.role !== undefined && room.role !== "guest" && closedTo(room) === undefined;
  useEffect(() => {
    const document = openDocument(room.id, token, setState);
    opened.current = document;
    const unbind =
      area.current === null ? undefined : bindText(area.current, document.text, document.text);
    return () => {
      unbind?.();
      document.close();
      opened.current = undefined;
    };
  }, [room.id, token]);
  const line = state === "ready" ? (mayWrite ? undefined : "documentReadOnly") : lines[state];
  return (
    <section className="document" data-testid="document" data-state={state}>
      <p className="document-line" role="status">
        {line === undefined ? "" : t(line)}
      </p>
      <textarea
        ref={area}
        className="document-text"
        aria-label={t("documentText")}
        dir="auto"
        spellCheck
        hidden={past !== undefined}
        readOnly={!mayWrite || state === "opening" || state === "closed"}
        onKeyDown={(event) => goBack(event, opened.current)}
      />
      {past === undefined ? null : (
        <textarea
          className="document-text past"
          aria-label={t("documentPast")}
          dir="auto"
          readOnly
          value={past}
        />
      )}
      <DocumentHistory room={room.id} mayWrite={mayWrite} onShow={setPast} />
    </section>
  );
}

/* The field's own would take back what others wrote. */
function goBack(event: KeyboardEvent, document: OpenDocument | undefined): void {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key !== "z" && key !== "y") return;
  event.preventDefault();
  if (key === "z" && !event.shiftKey) document?.undo.undo();
  else document?.undo.redo();
}

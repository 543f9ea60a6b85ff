/** What only the reader sees in a room, between the conversation and the field. */
import { type ReactNode, useMemo } from "react";
import { useChat, useChatState } from "../chat/context.ts";
import { MessageText } from "../markdown/message-text.tsx";
import { useTexts } from "../texts/texts.tsx";
import { clockTime } from "../texts/times.ts";
import { Icon } from "../ui/icons.tsx";

/** Each can be dismissed; all are gone when the page is loaded anew. */
export function OnlyYouNotes({ roomId }: { roomId: string }): ReactNode {
  const { t, language } = useTexts();
  const chat = useChat();
  const all = useChatState((state) => state.asking.notes);
  const notes = useMemo(() => all.filter(({ room }) => room === roomId), [all, roomId]);
  return (
    <div className="only-you-list" role="log" aria-label={t("onlyYou")} data-testid="only-you-list">
      {notes.map((note) => (
        <article key={note.id} className="only-you" data-testid="only-you">
          <header>
            <Icon name="lock" small />
            <span>{t("onlyYou")}</span>
            {note.author_name === "" ? null : <bdi>{note.author_name}</bdi>}
            <time dateTime={note.time}>{clockTime(note.time, language)}</time>
            <button
              type="button"
              className="icon-button"
              aria-label={t("onlyYouDrop")}
              title={t("onlyYouDrop")}
              onClick={() => chat.dropNote(note.id)}
            >
              <Icon name="close" small />
            </button>
          </header>
          <div className="text">
            <MessageText text={note.text} />
          </div>
        </article>
      ))}
    </div>
  );
}

/** What a message said before it was edited, the newest version first. */
import type { MessageVersion } from "@parlance/client";
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { useChat } from "../chat/context.ts";
import { MessageText } from "../markdown/message-text.tsx";
import { useTexts } from "../texts/texts.tsx";
import { fullTime } from "../texts/times.ts";
import { Dialog } from "../ui/dialog.tsx";
import { wordChanges } from "./word-changes.ts";

/** Loaded when it is opened. */
export function VersionsDialog({
  room,
  message,
  onClose,
}: {
  room: string;
  message: string;
  onClose: () => void;
}): ReactNode {
  const { t, language } = useTexts();
  const chat = useChat();
  const [versions, setVersions] = useState<readonly MessageVersion[] | "failed">();
  const [isMarked, setMarked] = useState(true);
  const load = useCallback(() => {
    setVersions(undefined);
    chat.client
      .room(room)
      .versions(message)
      .then(setVersions, () => setVersions("failed"));
  }, [chat, room, message]);
  useEffect(load, [load]);
  return (
    <Dialog title={t("versions")} onClose={onClose}>
      <div className="content versions" data-testid="versions">
        {versions === undefined ? (
          <div className="late" aria-busy="true">
            <div className="skeleton" />
          </div>
        ) : versions === "failed" ? (
          <p role="alert">
            {t("versionsFailed")}{" "}
            <button type="button" className="link" onClick={load}>
              {t("tryAgain")}
            </button>
          </p>
        ) : versions.length === 0 ? (
          <p>{t("erased")}</p>
        ) : (
          <>
            {versions.length > 1 ? (
              <label className="choice">
                <input
                  type="checkbox"
                  checked={isMarked}
                  onChange={(event) => setMarked(event.target.checked)}
                />
                <span>{t("versionChanges")}</span>
              </label>
            ) : null}
            <ol reversed>
              {versions.toReversed().map((version, index) => (
                <li key={version.sequence}>
                  <p className="quiet">
                    <time dateTime={version.time}>{fullTime(version.time, language)}</time>
                    {index === 0 ? ` · ${t("versionNow")}` : null}
                    {index === versions.length - 1 ? ` · ${t("versionFirst")}` : null}
                  </p>
                  <VersionText
                    text={version.text}
                    before={isMarked ? versions[versions.length - 2 - index]?.text : undefined}
                  />
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
    </Dialog>
  );
}

/** @param before What it said before; undefined: nothing is marked. */
function VersionText({ text, before }: { text: string; before: string | undefined }): ReactNode {
  const { t, language } = useTexts();
  if (before === undefined) return <MessageText text={text} />;
  return (
    <p className="changes" dir="auto">
      {wordChanges(before, text, language).map(({ kind, text: words }, index) => {
        if (kind === "same") return words;
        const Mark = kind === "added" ? "ins" : "del";
        return (
          // oxlint-disable-next-line react/no-array-index-key -- a list that never changes
          <Mark key={index}>
            <span className="hidden-visually">
              {`[${t(kind === "added" ? "versionAdded" : "versionRemoved")}] `}
            </span>
            {words}
          </Mark>
        );
      })}
    </p>
  );
}

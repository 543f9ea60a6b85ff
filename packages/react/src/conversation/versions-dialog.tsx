/** What a message said before it was edited, the newest version first. */
import type { MessageVersion } from "@parlance/client";
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { useChat } from "../chat/context.ts";
import { MessageText } from "../markdown/message-text.tsx";
import { useTexts } from "../texts/texts.tsx";
import { fullTime } from "../texts/times.ts";
import { Dialog } from "../ui/dialog.tsx";

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
          <ol reversed>
            {versions.toReversed().map((version, index) => (
              <li key={version.sequence}>
                <p className="quiet">
                  <time dateTime={version.time}>{fullTime(version.time, language)}</time>
                  {index === 0 ? ` · ${t("versionNow")}` : null}
                  {index === versions.length - 1 ? ` · ${t("versionFirst")}` : null}
                </p>
                <MessageText text={version.text} />
              </li>
            ))}
          </ol>
        )}
      </div>
    </Dialog>
  );
}

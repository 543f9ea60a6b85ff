/** Files on their way, above the composer. */
import type { ReactNode } from "react";
import { useChat } from "../chat/context.ts";
import { useFailureText } from "../chat/failure-text.ts";
import type { RoomState, UploadView } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import { fileSize } from "./file-size.ts";

/** One line for each, with how far it is and the way to end it. */
export function UploadList({ room }: { room: RoomState }): ReactNode {
  const { t } = useTexts();
  if (room.uploads.length === 0) return null;
  return (
    <ul className="uploads" aria-label={t("uploads")}>
      {room.uploads.map((upload) => (
        <li key={upload.id} data-testid="upload" data-state={upload.state}>
          <Upload room={room.id} upload={upload} />
        </li>
      ))}
    </ul>
  );
}

function Upload({ room, upload }: { room: string; upload: UploadView }): ReactNode {
  const { t, language } = useTexts();
  const chat = useChat();
  const failureText = useFailureText();
  const { id, name, bytes, sent, state } = upload;
  const percent = Math.round((sent / Math.max(1, bytes)) * 100);
  return (
    <>
      <Icon name={state === "failed" ? "warning" : "file"} small />
      <bdi className="upload-name">{name}</bdi>
      {state === "failed" ? (
        <>
          <span className="upload-note failed" role="status">
            {t("uploadFailed", {
              reason:
                upload.reason === "too_large" ? t("errorFileTooLarge") : failureText(upload.reason),
            })}
          </span>
          <button type="button" className="link" onClick={() => chat.retryUpload(room, id)}>
            {t("retry")}
          </button>
        </>
      ) : (
        <>
          <progress max={100} value={percent} aria-label={t("uploading", { name })} />
          <span className="upload-note">{fileSize(bytes, language)}</span>
        </>
      )}
      <button
        type="button"
        className="icon-button"
        aria-label={t("uploadCancel", { name })}
        title={t("uploadCancel", { name })}
        onClick={() => chat.cancelUpload(room, id)}
      >
        <Icon name="close" small />
      </button>
    </>
  );
}

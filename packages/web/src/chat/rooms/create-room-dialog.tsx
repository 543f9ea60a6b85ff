/** Makes a room and goes there. */

import {
  codeOf,
  Dialog,
  Field,
  type MadeKind,
  Segments,
  useChat,
  useFailureText,
} from "@parlance/react";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { roomPath } from "../../app/route.ts";
import { navigate } from "../../app/use-route.ts";
import type { TextKey } from "../../i18n/index.ts";
import type { DialogProps } from "../../shell/dialogs.tsx";

/** A room's title is one line of at most this many UTF-16 code units (protocol, `titleLength`). */
const titleLength = 120;

const hints = {
  public: "kindPublicHint",
  private: "kindPrivateHint",
  announcement: "kindAnnouncementHint",
  document: "kindDocumentHint",
} as const satisfies Record<MadeKind, TextKey>;

/** A dialog with name and kind. */
export function CreateRoomDialog({ onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const [kind, setKind] = useState<MadeKind>("public");
  const [title, setTitle] = useState("");
  const [isWorking, setWorking] = useState(false);
  const [problem, setProblem] = useState<string>();

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setWorking(true);
    setProblem(undefined);
    try {
      const room = await chat.createRoom(kind, title.trim());
      onClose();
      navigate(roomPath(room));
    } catch (error) {
      setProblem(failureText(codeOf(error)));
      setWorking(false);
    }
  };
  return (
    <Dialog title={t("createRoomTitle")} onClose={onClose}>
      <form className="content" onSubmit={(event) => void submit(event)}>
        <Field
          label={t("roomTitle")}
          hint={t("roomTitleHint")}
          problem={problem}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          maxLength={titleLength}
          required
          data-autofocus
          dir="auto"
          autoComplete="off"
        />
        <Segments
          legend={t("roomKind")}
          value={kind}
          onChange={setKind}
          options={[
            ["public", t("kindPublic")],
            ["private", t("kindPrivate")],
            ["announcement", t("kindAnnouncement")],
            ["document", t("kindDocument")],
          ]}
        />
        <p className="hint kind-hint" aria-live="polite">
          {t(hints[kind])}
        </p>
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            {t("cancel")}
          </button>
          <button
            type="submit"
            className="button primary"
            disabled={isWorking || title.trim() === ""}
          >
            {isWorking ? t("working") : t("create")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

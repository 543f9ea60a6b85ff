/** Archives a room, or opens it again; both after asking. */
import { useChat } from "@parlance/react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { DialogProps } from "../shell/dialogs.tsx";
import { Confirm } from "./confirm.tsx";
import { isolated, useSubject } from "./use-subject.ts";

/** `subject` is the room. Opening again needs no question, so the dialog is the act. */
export function ArchiveDialog(props: DialogProps): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const room = useSubject(props);
  if (room === undefined) return null;
  const isArchived = room.settings.archived === true;
  const title = isolated(room.title);
  return (
    <Confirm
      title={isArchived ? `${t("unarchive")}: ${title}` : t("archiveTitle", { room: title })}
      hint={t(isArchived ? "whoMembersWrite" : "archiveHint")}
      label={t(isArchived ? "unarchive" : "archive")}
      act={() => chat.updateRoom(room.id, { archived: !isArchived })}
      onClose={props.onClose}
    />
  );
}

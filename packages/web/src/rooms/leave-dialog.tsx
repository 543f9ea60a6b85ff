/** Leaves a room, after asking. */
import { useChat } from "@parlance/react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { goFrom } from "../app/use-route.ts";
import { usePage } from "../shell/context.ts";
import type { DialogProps } from "../shell/dialogs.tsx";
import { Confirm } from "./confirm.tsx";
import { isolated, useSubject } from "./use-subject.ts";

/** `subject` is the room. */
export function LeaveDialog(props: DialogProps): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const page = usePage();
  const room = useSubject(props);
  if (room === undefined) return null;
  const leave = async (): Promise<void> => {
    await chat.leave(room.id);
    if (page.room === room.id) goFrom(room.id);
  };
  return (
    <Confirm
      title={t("leaveTitle", { room: isolated(room.title) })}
      hint={t(room.kind === "private" || room.kind === "document" ? "leavePrivate" : "leavePublic")}
      label={t("leave")}
      act={leave}
      problemOf={(code) => (code === "conflict" ? t("errorLastOwner") : undefined)}
      onClose={props.onClose}
    />
  );
}

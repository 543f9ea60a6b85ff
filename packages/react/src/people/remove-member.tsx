/** Puts somebody out of a room, after asking. */
import type { Role, WireUser } from "@parlance/client";
import { type ReactNode, useState } from "react";
import { useChat } from "../chat/context.ts";
import { codeOf, useFailureText } from "../chat/failure-text.ts";
import type { RoomState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";
import { Dialog } from "../ui/dialog.tsx";

/** Whether somebody with the role `mine` may put out a member with the role `theirs`: the server's rule. */
export function mayRemove(mine: Role | undefined, theirs: Role | undefined): boolean {
  if (theirs === undefined) return false;
  return mine === "owner" || (mine === "moderator" && theirs === "member");
}

/** The question before it. Belongs to the panel, not to the row: people come and go while one reads it. */
export function RemoveDialog({
  room,
  user,
  onClose,
}: {
  room: RoomState;
  user: WireUser;
  onClose: () => void;
}): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const failureText = useFailureText();
  const [isWorking, setWorking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const remove = async (): Promise<void> => {
    setWorking(true);
    try {
      await chat.removeMember(room.id, user.id);
      onClose();
    } catch (error) {
      setProblem(failureText(codeOf(error)));
      setWorking(false);
    }
  };
  return (
    <Dialog title={t("removeTitle", { name: `\u2068${user.name}\u2069` })} onClose={onClose}>
      <div className="content">
        <p>{t(room.kind === "private" ? "removePrivate" : "removePublic")}</p>
        {problem === undefined ? null : <p className="problem">{problem}</p>}
        <div className="actions">
          <button type="button" className="button" onClick={onClose} data-autofocus>
            {t("cancel")}
          </button>
          <button
            type="button"
            className="button primary"
            disabled={isWorking}
            onClick={() => void remove()}
          >
            {t("remove")}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

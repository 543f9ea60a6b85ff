/** Who is banned from a room, and the way back. */
import type { BanView } from "@parlance/client";
import { Avatar, codeOf, Dialog, useChat, useFailureText } from "@parlance/react";
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DialogProps } from "../shell/dialogs.tsx";
import { isolated, useSubject } from "./use-subject.ts";

/** `subject` is the room. */
export function BansDialog(props: DialogProps): ReactNode {
  const { t, i18n } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const room = useSubject(props);
  const [bans, setBans] = useState<readonly BanView[]>();
  const [problem, setProblem] = useState<string>();
  const id = room?.id;
  const list = useCallback(async (): Promise<void> => {
    if (id === undefined) return;
    try {
      setBans(await chat.client.room(id).bans());
      setProblem(undefined);
    } catch (error) {
      setProblem(failureText(codeOf(error)));
    }
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- texts do not make the list another one
  }, [chat, id]);
  useEffect(() => void list(), [list]);
  if (room === undefined) return null;
  const lift = async (user: string): Promise<void> => {
    try {
      await chat.unban(room.id, user);
      await list();
    } catch (error) {
      setProblem(failureText(codeOf(error)));
    }
  };
  const day = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium" });
  return (
    <Dialog title={t("bans")} onClose={props.onClose}>
      <div className="content">
        {problem === undefined ? null : (
          <p className="problem" role="alert">
            {problem}{" "}
            <button type="button" className="link" onClick={() => void list()}>
              {t("tryAgain")}
            </button>
          </p>
        )}
        {bans === undefined && problem === undefined ? <div className="skeleton late" /> : null}
        {bans?.length === 0 ? <p className="quiet">{t("bansEmpty")}</p> : null}
        <ul>
          {bans?.map(({ user, time, reason }) => (
            <li key={user.id} className="row-with-act" data-testid="ban">
              <Avatar id={user.id} name={user.name} small />
              <div>
                <bdi>{user.name}</bdi>
                <div className="quiet">{t("bannedAt", { time: day.format(new Date(time)) })}</div>
                {reason === undefined ? null : <div dir="auto">{reason}</div>}
              </div>
              <button
                type="button"
                className="link"
                aria-label={`${t("banLift")}: ${isolated(user.name)}`}
                onClick={() => void lift(user.id)}
              >
                {t("banLift")}
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

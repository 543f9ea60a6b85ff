/** Where a link leads, for who is signed in: what it is, and the way in. */
import type { InvitePreview } from "@parlance/client";
import { codeOf, Icon, useChat, useFailureText } from "@parlance/react";
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { roomIcon } from "../chat/rooms/room-icon.ts";
import { landingRoom, roomPath } from "./route.ts";
import { navigate } from "./use-route.ts";

/** Links that are used up, over, taken back or never made are told alike: so does the server. */
export function InvitePage({ token }: { token: string }): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const [preview, setPreview] = useState<InvitePreview>();
  const [isWorking, setWorking] = useState(false);
  const [code, setCode] = useState<string>();
  const look = useCallback(async (): Promise<void> => {
    setCode(undefined);
    try {
      setPreview(await chat.client.invite(token));
    } catch (error) {
      setCode(codeOf(error));
    }
  }, [chat, token]);
  useEffect(() => void look(), [look]);
  const accept = async (): Promise<void> => {
    setWorking(true);
    setCode(undefined);
    try {
      navigate(roomPath(await chat.acceptInvite(token)), "replace");
    } catch (error) {
      setCode(codeOf(error));
      setWorking(false);
    }
  };
  const isBad = code === "not_found" || code === "bad_request";
  return (
    <main className="welcome">
      <div
        className="welcome-column invite-page"
        aria-busy={preview === undefined && code === undefined}
      >
        {isBad ? (
          <>
            <h1>{t("inviteBad")}</h1>
            <p role="status">{t("inviteBadHint")}</p>
          </>
        ) : preview === undefined ? null : (
          <>
            <h1>
              <Icon name={roomIcon(preview)} />{" "}
              {t("inviteTo", { room: `\u2068${preview.title}\u2069` })}
            </h1>
            {preview.topic === undefined ? null : <p dir="auto">{preview.topic}</p>}
            <p className="quiet">{t("inviteMembers", { count: preview.members })}</p>
          </>
        )}
        {code === undefined || isBad ? null : (
          <p className="problem" role="alert">
            {failureText(code)}{" "}
            {preview === undefined ? (
              <button type="button" className="link" onClick={() => void look()}>
                {t("tryAgain")}
              </button>
            ) : null}
          </p>
        )}
        <div className="empty-acts">
          {preview === undefined || isBad ? null : (
            <button
              type="button"
              className="button primary"
              disabled={isWorking}
              autoFocus
              onClick={() => void accept()}
            >
              {t(isWorking ? "joining" : "join")}
            </button>
          )}
          <button
            type="button"
            className="button"
            onClick={() => navigate(isBad ? roomPath(landingRoom) : "/", "replace")}
          >
            {t(isBad ? "goGeneral" : "inviteNotNow")}
          </button>
        </div>
      </div>
    </main>
  );
}

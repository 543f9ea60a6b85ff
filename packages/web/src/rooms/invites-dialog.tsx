/** Links that let people into a room: make one, copy it, see which are good, take them back. */
import type { InviteRole, InviteView } from "@parlance/client";
import { Choice, codeOf, Dialog, Icon, Segments, useChat, useFailureText } from "@parlance/react";
import { type FormEvent, type ReactNode, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { invitePath } from "../app/route.ts";
import type { DialogProps } from "../shell/dialogs.tsx";
import { spanText } from "./spans.ts";
import { isolated, useSubject } from "./use-subject.ts";

const day = 86_400;
const lasts = [3_600, day, 7 * day, 30 * day] as const;
const uses = [1, 5, 25, 100] as const;

/** `subject` is the room. */
export function InvitesDialog(props: DialogProps): ReactNode {
  const { t } = useTranslation();
  const room = useSubject(props);
  const { client } = useChat();
  const failureText = useFailureText();
  const [invites, setInvites] = useState<readonly InviteView[]>();
  const [problem, setProblem] = useState<string>();
  const id = room?.id;
  const list = useCallback(async (): Promise<void> => {
    if (id === undefined) return;
    try {
      setInvites(await client.room(id).invites());
      setProblem(undefined);
    } catch (error) {
      setProblem(failureText(codeOf(error)));
    }
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- texts do not make the list another one
  }, [client, id]);
  // Others make links, take them back, and come by them.
  const changes = room?.events.filter(({ type }) =>
    /^(?:invite\.|member\.joined)/.test(type),
  ).length;
  useEffect(() => void list(), [list, changes]);
  if (room === undefined) return null;
  const revoke = async (invite: InviteView): Promise<void> => {
    try {
      await client.room(room.id).revokeInvite(invite.invite_id);
      setProblem(undefined);
    } catch (error) {
      setProblem(failureText(codeOf(error)));
    }
    await list();
  };
  return (
    <Dialog title={t("invitesTitle", { room: isolated(room.title) })} onClose={props.onClose}>
      <div className="content">
        <NewInvite room={room.id} onMade={() => void list()} />
        <section className="invites">
          <h3>{t("invitesOpen")}</h3>
          {problem === undefined ? null : (
            <p className="problem" role="alert">
              {problem}{" "}
              <button type="button" className="link" onClick={() => void list()}>
                {t("tryAgain")}
              </button>
            </p>
          )}
          {invites === undefined && problem === undefined ? (
            <div className="skeleton late" />
          ) : null}
          {invites?.length === 0 ? <p className="quiet">{t("invitesEmpty")}</p> : null}
          <ul>
            {invites?.map((invite) => (
              <Invite key={invite.invite_id} invite={invite} onRevoke={() => void revoke(invite)} />
            ))}
          </ul>
        </section>
      </div>
    </Dialog>
  );
}

/** The link shows once: the server keeps only its digest. */
function NewInvite({ room, onMade }: { room: string; onMade: () => void }): ReactNode {
  const { t, i18n } = useTranslation();
  const { client } = useChat();
  const failureText = useFailureText();
  const [role, setRole] = useState<InviteRole>("member");
  const [seconds, setSeconds] = useState<string>(String(7 * day));
  const [count, setCount] = useState<string>("any");
  const [isWorking, setWorking] = useState(false);
  const [link, setLink] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const make = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setWorking(true);
    setProblem(undefined);
    try {
      const { token } = await client.room(room).createInvite({
        role,
        expires_in_s: Number(seconds),
        ...(count === "any" ? {} : { uses: Number(count) }),
      });
      setLink(location.origin + invitePath(token));
      onMade();
    } catch (error) {
      setProblem(failureText(codeOf(error)));
    }
    setWorking(false);
  };
  return (
    <form className="new-invite" onSubmit={(event) => void make(event)}>
      <Segments
        legend={t("inviteAs")}
        value={role}
        onChange={setRole}
        options={[
          ["member", t("inviteMember")],
          ["guest", t("inviteGuest")],
        ]}
      />
      <div className="side-by-side">
        <Choice
          label={t("inviteLasts")}
          value={seconds}
          onChange={setSeconds}
          options={lasts.map((span) => [String(span), spanText(i18n.language, span)] as const)}
        />
        <Choice
          label={t("inviteUses")}
          value={count}
          onChange={setCount}
          options={[
            ["any", t("inviteAny")],
            ...uses.map(
              (one) => [String(one), new Intl.NumberFormat(i18n.language).format(one)] as const,
            ),
          ]}
        />
      </div>
      {problem === undefined ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" className="button primary" disabled={isWorking} data-autofocus>
        <Icon name="link" />
        {isWorking ? t("working") : t("inviteMake")}
      </button>
      {link === undefined ? null : <Link key={link} link={link} />}
    </form>
  );
}

function Link({ link }: { link: string }): ReactNode {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(link);
    setCopied(true);
  };
  return (
    <div className="invite-link" role="status">
      <p className="hint">{t("inviteOnce")}</p>
      <div className="with-button">
        <input
          className="input"
          aria-label={t("inviteLink")}
          data-testid="invite-link"
          value={link}
          readOnly
          dir="ltr"
          onFocus={(event) => event.currentTarget.select()}
        />
        <button type="button" className="button" onClick={() => void copy().catch(() => undefined)}>
          <Icon name={isCopied ? "check" : "copy"} small />
          <span aria-live="polite">{t(isCopied ? "copied" : "copy")}</span>
        </button>
      </div>
    </div>
  );
}

function Invite({ invite, onRevoke }: { invite: InviteView; onRevoke: () => void }): ReactNode {
  const { t, i18n } = useTranslation();
  const format = new Intl.DateTimeFormat(i18n.language, {
    dateStyle: "medium",
    timeStyle: "short",
  });
  const time = format.format(new Date(invite.expires_at));
  const role = t(invite.role === "guest" ? "inviteGuest" : "inviteMember");
  return (
    <li className="row-with-act" data-testid="invite">
      <div>
        <div>{t("inviteUntil", { role, time })}</div>
        <div className="quiet">
          {invite.uses_left === undefined
            ? t("inviteAny")
            : t("inviteLeft", { count: invite.uses_left })}
        </div>
      </div>
      <button
        type="button"
        className="link"
        aria-label={`${t("inviteRevoke")}: ${t("inviteUntil", { role, time })}`}
        onClick={onRevoke}
      >
        {t("inviteRevoke")}
      </button>
    </li>
  );
}

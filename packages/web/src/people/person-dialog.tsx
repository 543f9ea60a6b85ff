/** Somebody's card: who they are, whether they are here, and ways to reach them. */
import type { PersonView } from "@parlance/client";
import {
  Avatar,
  codeOf,
  Dialog,
  fullTime,
  Icon,
  statusAt,
  useChat,
  useChatState,
  useFailureText,
  usePerson,
  useRoom,
} from "@parlance/react";
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { roomPath } from "../app/route.ts";
import { navigate } from "../app/use-route.ts";
import type { TextKey } from "../i18n/index.ts";
import { usePage } from "../shell/context.ts";
import type { DialogProps } from "../shell/dialogs.tsx";
import { ago, clockIn } from "./card-times.ts";
import { mentionInComposer } from "./mention.ts";

/** What is said of a state. */
const stateTexts: Readonly<Record<PersonView["state"], TextKey>> = {
  active: "stateActive",
  away: "stateAway",
  dnd: "stateDnd",
  offline: "stateOffline",
};

/** @param subject The user's id. */
export function PersonDialog({ subject = "", onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const { room } = usePage();
  const known = usePerson(subject);
  const failureText = useFailureText();
  const [person, setPerson] = useState<PersonView>();
  const [problem, setProblem] = useState<string>();
  const load = useCallback(async (): Promise<void> => {
    setProblem(undefined);
    try {
      setPerson(
        await chat.profileOf(subject, room).catch(() => chat.profileOf(subject, undefined)),
      );
    } catch (error) {
      const code = codeOf(error);
      setProblem(code === "not_found" ? t("personUnknown") : failureText(code));
    }
  }, [chat, subject, room, t, failureText]);
  useEffect(() => {
    void load();
  }, [load]);
  const name = person?.user.name ?? known?.name ?? "";
  return (
    <Dialog title={t("personTitle")} onClose={onClose} className="person-card" bare>
      <div className="content" data-testid="person-card" data-user={subject}>
        <button
          type="button"
          className="icon-button card-close"
          aria-label={t("close")}
          onClick={onClose}
          data-autofocus
        >
          <Icon name="close" />
        </button>
        {person === undefined && problem === undefined ? (
          <div className="late" aria-busy="true">
            <div className="skeleton" />
            <div className="skeleton" />
          </div>
        ) : person === undefined ? (
          <div className="card-note">
            <Avatar id={subject} name={name} large />
            <h3>
              <bdi>{name}</bdi>
            </h3>
            <p role="alert">{problem}</p>
            <button type="button" className="link" onClick={() => void load()}>
              {t("tryAgain")}
            </button>
          </div>
        ) : (
          <Card person={person} onClose={onClose} />
        )}
      </div>
    </Dialog>
  );
}

function Card({ person, onClose }: { person: PersonView; onClose: () => void }): ReactNode {
  const { t, i18n } = useTranslation();
  const known = usePerson(person.user.id);
  const { language } = i18n;
  // What is told live goes before what was asked for.
  const state = known?.state ?? person.state;
  const status = statusAt(known?.status, Date.now());
  const clock = person.time_zone === undefined ? undefined : clockIn(person.time_zone, language);
  const facts = (
    [
      ["pronouns", person.pronouns],
      ["about", person.about],
      ["localTime", clock],
    ] as const
  ).filter(([, text]) => text !== undefined);
  return (
    <>
      <div className="card-head">
        <Avatar id={person.user.id} name={person.user.name} large />
        <div>
          <h3>
            <bdi>{known?.name ?? person.user.name}</bdi>
          </h3>
          {person.title === undefined ? null : (
            <p>
              <bdi>{person.title}</bdi>
            </p>
          )}
          {person.username === undefined ? null : (
            <p className="quiet">
              <bdi>@{person.username}</bdi>
            </p>
          )}
        </div>
      </div>
      <p className="card-state" data-state={state}>
        <span className="presence-dot still" data-state={state} aria-hidden="true" />
        {state === "offline" && person.last_seen !== undefined ? (
          <time dateTime={person.last_seen} title={fullTime(person.last_seen, language)}>
            {t("lastSeen", { time: ago(person.last_seen, language, Date.now()) })}
          </time>
        ) : (
          t(stateTexts[state])
        )}
      </p>
      {status === undefined ? null : (
        <p className="card-status">
          {status.emoji === undefined ? null : <span aria-hidden="true">{status.emoji} </span>}
          <bdi>{status.text ?? status.emoji}</bdi>
          {status.until === undefined ? null : (
            <small className="quiet">
              {t("statusUntil", { time: fullTime(status.until, language) })}
            </small>
          )}
        </p>
      )}
      {facts.length === 0 ? null : (
        <dl className="card-facts">
          {facts.map(([key, text]) => (
            <div key={key}>
              <dt>{t(key)}</dt>
              <dd>
                <bdi>{text}</bdi>
              </dd>
            </div>
          ))}
        </dl>
      )}
      <Acts person={person} onClose={onClose} />
    </>
  );
}

function Acts({ person, onClose }: { person: PersonView; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const page = usePage();
  const me = useChatState((state) => state.me.id);
  const room = useRoom(page.room ?? "");
  const failureText = useFailureText();
  const [problem, setProblem] = useState<string>();
  const { user, username } = person;
  if (user.id === me) {
    return (
      <div className="actions">
        <button type="button" className="button" onClick={() => page.openDialog("status")}>
          {t("setStatus")}
        </button>
        <button type="button" className="button primary" onClick={() => page.openDialog("profile")}>
          {t("editProfile")}
        </button>
      </div>
    );
  }
  const write = async (): Promise<void> => {
    try {
      const direct = await chat.openDirect([user.id]);
      onClose();
      navigate(roomPath(direct));
    } catch (error) {
      setProblem(failureText(codeOf(error)));
    }
  };
  const mention = (): void => {
    onClose();
    mentionInComposer(username ?? user.name);
  };
  return (
    <>
      {problem === undefined ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="actions">
        {room?.status === "ready" && room.role !== undefined ? (
          <button type="button" className="button" onClick={mention}>
            {t("mention")}
          </button>
        ) : null}
        <button type="button" className="button primary" onClick={() => void write()}>
          {t("writeTo")}
        </button>
      </div>
    </>
  );
}

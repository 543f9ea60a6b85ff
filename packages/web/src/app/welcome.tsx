/** The first page: what this is, and one field to come in. */

import { Field, Icon } from "@parlance/react";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { TextKey } from "../i18n/index.ts";
import { RequestError, signIn, signInAsGuest, signUp } from "./rest.ts";
import type { StoredSession } from "./session.ts";
import { useRoute } from "./use-route.ts";

/** Why somebody is here who was signed in. */
export type WelcomeReason = "expired" | "refused" | "banned";

const reasons = {
  expired: "reasonExpired",
  refused: "reasonRefused",
  banned: "reasonBanned",
} as const satisfies Record<WelcomeReason, TextKey>;

type Way = "guest" | "signIn" | "signUp";

/** @param onSignedIn Called once somebody is signed in. */
export function Welcome({
  reason,
  onSignedIn,
}: {
  reason: WelcomeReason | undefined;
  onSignedIn: (session: StoredSession) => void;
}): ReactNode {
  const { t } = useTranslation();
  const route = useRoute();
  const [way, setWay] = useState<Way>("guest");
  return (
    <main className="welcome">
      <div className="welcome-column">
        <header>
          <img src="/favicon.svg" alt="" width="40" height="40" />
          <h1>{t("welcomeTitle")}</h1>
          <p>{t("welcomeWhat")}</p>
          <p>{t("welcomePromise")}</p>
        </header>
        {route.page === "invite" ? (
          <p className="notice" role="status">
            <strong>{t("inviteWelcome")}</strong> {t("inviteWelcomeHint")}
          </p>
        ) : null}
        {reason === undefined ? null : (
          <p className="notice" role="status">
            {t(reasons[reason])}
          </p>
        )}
        <EntryForm key={way} way={way} onSignedIn={onSignedIn} />
        <nav className="ways">
          {(["guest", "signIn", "signUp"] as const)
            .filter((other) => other !== way)
            .map((other) => (
              <button key={other} type="button" className="link" onClick={() => setWay(other)}>
                {t(`${other}Instead`)}
              </button>
            ))}
        </nav>
      </div>
    </main>
  );
}

function EntryForm({
  way,
  onSignedIn,
}: {
  way: Way;
  onSignedIn: (session: StoredSession) => void;
}): ReactNode {
  const { t } = useTranslation();
  const route = useRoute();
  const [isWorking, setWorking] = useState(false);
  const [failure, setFailure] = useState<RequestError>();

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setWorking(true);
    setFailure(undefined);
    try {
      onSignedIn(await enter(way, form));
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setFailure(error);
      setWorking(false);
    }
  };
  const room = route.page === "room" ? route.room : undefined;
  return (
    <form className="entry" onSubmit={(event) => void submit(event)}>
      {way === "guest" ? null : <h2>{t(way === "signIn" ? "signInTitle" : "signUpTitle")}</h2>}
      {way === "guest" ? <GuestFields /> : null}
      {way === "signIn" ? <SignInFields /> : null}
      {way === "signUp" ? <SignUpFields /> : null}
      <div role="alert">
        {failure === undefined ? null : (
          <p className="problem">
            <Icon name="warning" />
            <span>{t(problemOf(failure, way), { text: failure.message })}</span>
          </p>
        )}
      </div>
      <button type="submit" className="button primary" disabled={isWorking}>
        {isWorking
          ? t("working")
          : way === "guest"
            ? room === undefined
              ? t("guestEnter")
              : t("guestEnterRoom", { room })
            : t(way === "signIn" ? "signInTitle" : "signUpTitle")}
      </button>
      {way === "guest" ? <p className="hint">{t("guestHint")}</p> : null}
    </form>
  );
}

function GuestFields(): ReactNode {
  const { t } = useTranslation();
  return (
    <Field
      label={t("guestName")}
      name="name"
      data-testid="guest-name"
      autoComplete="nickname"
      maxLength={64}
      required
      autoFocus
      dir="auto"
    />
  );
}

function SignInFields(): ReactNode {
  const { t } = useTranslation();
  return (
    <>
      <Field label={t("login")} name="login" autoComplete="username" required autoFocus />
      <Field
        label={t("password")}
        name="password"
        type="password"
        autoComplete="current-password"
        required
      />
    </>
  );
}

function SignUpFields(): ReactNode {
  const { t } = useTranslation();
  return (
    <>
      <Field label={t("username")} name="login" autoComplete="username" required autoFocus />
      <Field
        label={t("password")}
        hint={t("passwordHint")}
        name="password"
        type="password"
        autoComplete="new-password"
        minLength={8}
        required
      />
      <Field
        label={t("optional", { label: t("displayName") })}
        name="name"
        autoComplete="name"
        maxLength={64}
        dir="auto"
      />
      <Field
        label={t("optional", { label: t("email") })}
        name="email"
        type="email"
        autoComplete="email"
      />
    </>
  );
}

function enter(way: Way, form: FormData): Promise<StoredSession> {
  const text = (name: string): string => {
    const value = form.get(name);
    return typeof value === "string" ? value : "";
  };
  if (way === "guest") return signInAsGuest(text("name").trim());
  const login = text("login").trim();
  const password = text("password");
  if (way === "signIn") return signIn(login, password);
  const name = text("name").trim();
  const email = text("email").trim();
  return signUp({
    username: login,
    password,
    ...(name === "" ? {} : { name }),
    ...(email === "" ? {} : { email }),
  });
}

function problemOf(failure: RequestError, way: Way): TextKey {
  switch (failure.code) {
    case "offline":
      return "errorOffline";
    case "unauthenticated":
      return "errorBadCredentials";
    case "conflict":
      return "errorTaken";
    case "rate_limited":
      return "errorTooMany";
    case "banned":
      return "reasonBanned";
    case "forbidden":
      return way === "guest" ? "errorGuestsOff" : "errorInvalid";
    case "bad_request":
      return way === "guest" ? "errorName" : "errorInvalid";
    default:
      return "errorServer";
  }
}

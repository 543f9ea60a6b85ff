/** Who is here decides what is shown: the welcome page, or the chat. */
import { createClient, type WireUser } from "@parlance/client";
import {
  createDrafts,
  local,
  ParlanceProvider,
  serverFiles,
  type Texts,
  useConnection,
} from "@parlance/react";
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { laterPanel } from "../shell/later.tsx";
import { ChatPage } from "../shell/page.tsx";
import type { PreferenceStore } from "./preferences.ts";
import { signOut } from "./rest.ts";
import { landingRoom } from "./route.ts";
import {
  deviceId,
  loadSession,
  renewDeviceId,
  type StoredSession,
  storeSession,
} from "./session.ts";
import { useRoute } from "./use-route.ts";
import { Welcome, type WelcomeReason } from "./welcome.tsx";

/** How this visit began. Who has just come in is taken into the room and may write at once. */
interface Visit {
  readonly session: StoredSession;
  readonly isNew: boolean;
  /** Counts the connections of this visit; a new number makes a new one. */
  readonly attempt: number;
}

const InvitePage = laterPanel(async () => (await import("./invite-page.tsx")).InvitePage);

/** Loaded when somebody goes there: the chat does not carry it. */
const AdminPage = lazy(async () => {
  const page = await import("../admin/admin-page.tsx");
  return { default: page.AdminPage };
});

/** The whole app. */
export function App({ preferences }: { preferences: PreferenceStore }): ReactNode {
  if (useRoute().page !== "admin") return <ChatApp preferences={preferences} />;
  return (
    <Suspense fallback={null}>
      <AdminPage />
    </Suspense>
  );
}

function ChatApp({ preferences }: { preferences: PreferenceStore }): ReactNode {
  const [visit, setVisit] = useState<Visit | undefined>(() => {
    const session = loadSession();
    return session === undefined ? undefined : { session, isNew: false, attempt: 0 };
  });
  const [reason, setReason] = useState<WelcomeReason | undefined>();

  if (visit === undefined) {
    return (
      <Welcome
        reason={reason}
        onSignedIn={(session) => {
          storeSession(session);
          setReason(undefined);
          setVisit({ session, isNew: true, attempt: 0 });
        }}
      />
    );
  }
  const end = (why: WelcomeReason | undefined): void => {
    // Another window may have signed in as somebody else meanwhile.
    if (loadSession()?.token === visit.session.token) storeSession(undefined);
    setReason(why);
    setVisit(undefined);
  };
  return (
    <SignedIn
      key={`${visit.session.user.id}/${visit.attempt}`}
      visit={visit}
      preferences={preferences}
      onEnded={end}
      onSignOut={() => {
        void signOut(visit.session.token);
        createDrafts(local, visit.session.user.id).clear();
        end(undefined);
      }}
      onUseHere={() => {
        renewDeviceId();
        setVisit({ ...visit, isNew: false, attempt: visit.attempt + 1 });
      }}
    />
  );
}

function SignedIn({
  visit,
  preferences,
  onEnded,
  onSignOut,
  onUseHere,
}: {
  visit: Visit;
  preferences: PreferenceStore;
  onEnded: (why: WelcomeReason) => void;
  onSignOut: () => void;
  onUseHere: () => void;
}): ReactNode {
  const { session, isNew } = visit;
  const route = useRoute();
  const [client] = useState(() => {
    const address = new URL("/ws", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    return createClient({ url: address.href, token: session.token, deviceId: deviceId() });
  });
  return (
    <ParlanceProvider
      client={client}
      user={session.user as WireUser}
      texts={useComponentTexts()}
      fallback={null}
      options={{
        landingRoom,
        inboxes: true,
        ...serverFiles("", () => session.token),
      }}
    >
      <Ending onEnded={onEnded} />
      {route.page === "invite" ? (
        <InvitePage token={route.token} />
      ) : (
        <ChatPage
          preferences={preferences}
          token={session.token}
          isNewVisit={isNew}
          onSignOut={onSignOut}
          onUseHere={onUseHere}
        />
      )}
    </ParlanceProvider>
  );
}

/** The app's own texts contain those of the components. */
function useComponentTexts(): Texts {
  const { t, i18n } = useTranslation();
  return useMemo(
    () => ({
      language: i18n.language,
      t: (key, values) => (values === undefined ? t(key) : t(key, values)),
    }),
    [t, i18n.language],
  );
}

/** Ends the visit where the server does not want this session any more. */
function Ending({ onEnded }: { onEnded: (why: WelcomeReason) => void }): ReactNode {
  const link = useConnection();
  const why = link.kind === "closed" || link.kind === "waiting" ? ended[link.code] : undefined;
  useEffect(() => {
    if (why !== undefined) onEnded(why);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once for each reason, whoever is told
  }, [why]);
  return null;
}

/** Codes after which this session is of no use any more. */
const ended: Readonly<Record<string, WelcomeReason>> = {
  unauthenticated: "refused",
  token_expired: "expired",
  banned: "banned",
};

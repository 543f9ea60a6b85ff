/** Who is here decides what is shown: the welcome page, or the chat. */
import { createClient } from "@parlance/client";
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from "react";
import type { Chat } from "../chat/chat.ts";
import { startChat } from "../chat/chat.ts";
import { ChatPage } from "../chat/chat-page.tsx";
import { createDrafts } from "../chat/composer/drafts.ts";
import { ChatContext } from "../chat/context.ts";
import type { PreferenceStore } from "./preferences.ts";
import { signOut } from "./rest.ts";
import {
  deviceId,
  loadSession,
  renewDeviceId,
  type StoredSession,
  storeSession,
} from "./session.ts";
import { local } from "./storage.ts";
import { useRoute } from "./use-route.ts";
import { Welcome, type WelcomeReason } from "./welcome.tsx";

/** How this visit began. Who has just come in is taken into the room and may write at once. */
interface Visit {
  readonly session: StoredSession;
  readonly isNew: boolean;
  /** Counts the connections of this visit; a new number makes a new one. */
  readonly attempt: number;
}

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
  const chat = useStartedChat(visit.session, onEnded);
  if (chat === undefined) return null;
  return (
    <ChatContext value={chat}>
      <ChatPage
        preferences={preferences}
        token={visit.session.token}
        isNewVisit={visit.isNew}
        onSignOut={onSignOut}
        onUseHere={onUseHere}
      />
    </ChatContext>
  );
}

/** A chat that lives as long as the component does. */
function useStartedChat(
  session: StoredSession,
  onEnded: (why: WelcomeReason) => void,
): Chat | undefined {
  const [chat, setChat] = useState<Chat>();
  const me = useMemo(() => session.user as Chat["client"]["user"], [session]);
  useEffect(() => {
    if (me === undefined) return;
    const address = new URL("/ws", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const client = createClient({ url: address.href, token: session.token, deviceId: deviceId() });
    const started = startChat(client, me);
    setChat(started);
    const unlisten = started.subscribe(() => {
      const { link } = started.get();
      const why = link.kind === "closed" || link.kind === "waiting" ? ended[link.code] : undefined;
      if (why !== undefined) onEnded(why);
    });
    return () => {
      unlisten();
      started.close();
      setChat(undefined);
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- another session or attempt is another component (key)
  }, []);
  return chat;
}

/** Codes after which this session is of no use any more. */
const ended: Readonly<Record<string, WelcomeReason>> = {
  unauthenticated: "refused",
  token_expired: "expired",
  banned: "banned",
};

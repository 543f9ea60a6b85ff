/** The page of somebody who is signed in: rooms, one conversation, people. */
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { KeysDialog } from "../app/keys-dialog.tsx";
import type { PreferenceStore } from "../app/preferences.ts";
import { PreferencesDialog } from "../app/preferences-dialog.tsx";
import { landingRoom, roomPath } from "../app/route.ts";
import { local } from "../app/storage.ts";
import { navigate, useRoute } from "../app/use-route.ts";
import { InboxPanel } from "../inbox/inbox-panel.tsx";
import { useAlerts } from "../inbox/use-alerts.ts";
import { createDrafts } from "./composer/drafts.ts";
import { useChat, useChatState } from "./context.ts";
import { Conversation } from "./conversation/conversation.tsx";
import { CreateRoomDialog } from "./rooms/create-room-dialog.tsx";
import { sortRooms } from "./rooms/order.ts";
import { RoomList } from "./rooms/room-list.tsx";
import { RoomSwitcher } from "./rooms/room-switcher.tsx";

/** Dialogs of the page; one at a time. */
export type PageDialog = "switcher" | "create" | "preferences" | "keys" | "inbox";

/** Below this width one pane is shown (the same number is in layout.css). */
const onePane = "(max-width: 699px)";

/** @param isNewVisit Somebody has just signed in: into the room, and write. */
export function ChatPage({
  preferences,
  token,
  isNewVisit,
  onSignOut,
  onUseHere,
}: {
  preferences: PreferenceStore;
  token: string;
  isNewVisit: boolean;
  onSignOut: () => void;
  onUseHere: () => void;
}): ReactNode {
  const chat = useChat();
  const route = useRoute();
  const [dialog, setDialog] = useState<PageDialog>();
  const me = useChatState((state) => state.me);
  const drafts = useMemo(() => createDrafts(local, me.id), [me.id]);
  const room = route.page === "room" ? route.room : undefined;
  const mayJoin = useRef(isNewVisit);

  useEffect(() => {
    if (room !== undefined) return;
    if (isNewVisit || !matchMedia(onePane).matches) navigate(roomPath(landingRoom), "replace");
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- only on entry: later, one may go back to the list
  }, []);

  useEffect(() => {
    if (room === undefined) return;
    void chat.open(room, mayJoin.current);
    mayJoin.current = false;
    return () => chat.leaveView(room);
  }, [chat, room]);

  usePageKeys(chat.get, room, setDialog);
  useDocumentTitle(room);
  const openInbox = useCallback(() => setDialog("inbox"), []);
  useAlerts(preferences, openInbox);
  const close = (): void => setDialog(undefined);
  return (
    <div className={room === undefined ? "page at-rooms" : "page at-room"}>
      <RoomList current={room} onDialog={setDialog} />
      {room === undefined ? (
        <NoRoom />
      ) : (
        <Conversation
          key={room}
          roomId={room}
          token={token}
          drafts={drafts}
          onUseHere={onUseHere}
          onInbox={openInbox}
        />
      )}
      {dialog === "switcher" ? <RoomSwitcher onClose={close} /> : null}
      {dialog === "create" ? <CreateRoomDialog onClose={close} /> : null}
      {dialog === "inbox" ? <InboxPanel preferences={preferences} onClose={close} /> : null}
      {dialog === "keys" ? <KeysDialog onClose={close} /> : null}
      {dialog === "preferences" ? (
        <PreferencesDialog store={preferences} onClose={close} onSignOut={onSignOut} />
      ) : null}
    </div>
  );
}

function NoRoom(): ReactNode {
  const { t } = useTranslation();
  return (
    <main className="conversation none">
      <div className="empty">
        <h2>{t("chooseTitle")}</h2>
        <p>{t("chooseHint", { keys: "Ctrl K" })}</p>
        <button type="button" className="button" onClick={() => navigate(roomPath(landingRoom))}>
          {t("goGeneral")}
        </button>
      </div>
    </main>
  );
}

/** Keys that work everywhere on the page. */
function usePageKeys(
  get: ReturnType<typeof useChat>["get"],
  room: string | undefined,
  setDialog: (dialog: PageDialog) => void,
): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (document.querySelector("dialog[open]") !== null) return;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setDialog("switcher");
      } else if (event.altKey && event.code === "KeyN") {
        // By its place: with Alt the key gives another sign on some systems.
        event.preventDefault();
        setDialog("inbox");
      } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
        event.preventDefault();
        const { joined } = sortRooms(get().rooms);
        const here = joined.findIndex((one) => one.id === room);
        const step = event.key === "ArrowUp" ? -1 : 1;
        const next = joined[(here + step + joined.length) % joined.length];
        if (next !== undefined) navigate(roomPath(next.id));
      } else if (event.key === "?" && !isWriting(event.target)) {
        event.preventDefault();
        setDialog("keys");
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [get, room, setDialog]);
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select") !== null;
}

/** `(3) general · Parlance`: the number counts unread messages in all rooms of the reader. */
function useDocumentTitle(room: string | undefined): void {
  const { t } = useTranslation();
  const title = useChatState((state) => {
    const shown = room === undefined ? undefined : state.rooms[room];
    return shown === undefined || shown.epoch === "" ? undefined : shown.title;
  });
  const unread = useChatState((state) =>
    Object.values(state.rooms).reduce(
      (sum, one) => sum + (one.role === undefined || one.kind === "job" ? 0 : one.unread),
      0,
    ),
  );
  useEffect(() => {
    const name = title === undefined ? t("appName") : `${title} · ${t("appName")}`;
    document.title = unread === 0 ? name : `(${unread}) ${name}`;
  }, [title, unread, t]);
}

/** The page of somebody who is signed in: rooms, one conversation, a panel, and what is opened over them. */
import {
  isMuted,
  LayerContext,
  PersonContext,
  threadAt,
  useChat,
  useChatState,
} from "@parlance/react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { PreferenceStore } from "../app/preferences.ts";
import { landingRoom, type Route, roomPath } from "../app/route.ts";
import { addLayer, navigate, putHomeBefore, useRoute, watchLayers } from "../app/use-route.ts";
import { onePane } from "../app/widths.ts";
import { Conversation } from "../chat/conversation/conversation.tsx";
import { RoomList } from "../chat/rooms/room-list.tsx";
import { useAlerts } from "../inbox/use-alerts.ts";
import { watchIdle } from "../people/idle.ts";
import type { Search } from "../search/search.ts";
import { commandOf } from "./commands.ts";
import { type Page, PageContext } from "./context.ts";
import { type DialogName, dialogs } from "./dialogs.tsx";
import { type PanelName, panels } from "./panels.tsx";
import { Side } from "./side.tsx";

interface OpenDialog {
  readonly name: DialogName;
  readonly subject: string | undefined;
}

/** A panel that somebody opened in a room. */
export interface OpenPanel {
  readonly name: PanelName;
  readonly subject: string | undefined;
  readonly room: string | undefined;
}

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
  const route = useRoute();
  const room = route.page === "room" ? route.room : undefined;
  const [dialog, setDialog] = useState<OpenDialog>();
  const [panel, setPanel] = useState<OpenPanel>();

  useEffect(() => {
    if (room === undefined && !onePane().matches) navigate(roomPath(landingRoom), "replace");
    else if (room === undefined && isNewVisit) navigate(roomPath(landingRoom));
    else if (onePane().matches) putHomeBefore();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- only on entry: later, one may go back to the list
  }, []);

  const searched = useRef<Search>(undefined);
  const page = useMemo(
    (): Page => ({
      preferences,
      token,
      searched,
      room,
      openDialog: (name, subject) => setDialog({ name, subject }),
      closeDialog: () => setDialog(undefined),
      openPanel: (name, subject) => setPanel({ name, subject, room }),
      closePanel: () => setPanel(undefined),
      useHere: onUseHere,
      signOut: onSignOut,
    }),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the two acts belong to the visit, which is another page
    [preferences, token, room],
  );
  useMessageOfAddress(page, route);
  useKeys(page);
  useDocumentTitle(room);
  const openInbox = useCallback(() => setDialog({ name: "inbox", subject: undefined }), []);
  useAlerts(preferences, openInbox);
  const openPerson = useCallback(
    (user: string) => setDialog({ name: "person", subject: user }),
    [],
  );
  const { client } = useChat();
  useEffect(() => watchIdle(client), [client]);
  useEffect(watchLayers, []);
  const Dialog = dialog === undefined ? undefined : dialogs[dialog.name];
  // A panel is about one room: another one begins without.
  const isOfAll = panel !== undefined && panels[panel.name].isOfAll === true;
  const opened = isOfAll || panel?.room === room ? panel : undefined;
  return (
    <PageContext value={page}>
      <PersonContext value={openPerson}>
        <LayerContext value={addLayer}>
          <div className={room === undefined ? "page at-rooms" : "page at-room"}>
            <RoomList current={room} />
            {room === undefined ? (
              <NoRoom />
            ) : (
              <>
                <Conversation key={room} roomId={room} mayJoin={isNewVisit} panel={opened?.name} />
                <Side roomId={room} panel={opened} />
              </>
            )}
            {Dialog === undefined ? null : (
              <Dialog
                key={`${dialog?.name}/${dialog?.subject ?? ""}`}
                subject={dialog?.subject}
                onClose={page.closeDialog}
              />
            )}
          </div>
        </LayerContext>
      </PersonContext>
    </PageContext>
  );
}

/** An address of a message leads to it once its room is there. */
function useMessageOfAddress(page: Page, route: Route): void {
  const chat = useChat();
  const { room } = page;
  const sequence = route.page === "room" ? route.sequence : undefined;
  const isThread = route.page === "room" && route.thread === true;
  const isReady = useChatState(
    (state) => room !== undefined && state.rooms[room]?.status === "ready",
  );
  useEffect(() => {
    if (room === undefined || sequence === undefined || !isReady) return;
    void chat.jump(room, sequence).then(() => {
      const root = threadAt(chat.get().rooms[room], sequence, isThread);
      if (root !== undefined) page.openPanel("thread", root);
    });
    // Once: from there one goes where one likes.
    navigate(roomPath(room), "replace");
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once for each address
  }, [chat, room, sequence, isReady]);
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

/** Keys that work everywhere on the page, but not while a dialog is open: it has keys of its own. */
function useKeys(page: Page): void {
  const chat = useChat();
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || document.querySelector("dialog[open]") !== null) return;
      const command = commandOf(event);
      const host = { page, chat };
      if (command === undefined || command.isAvailable?.(host) === false) return;
      event.preventDefault();
      command.run(host);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [chat, page]);
}

/** `(3) general · Parlance`: the number counts unread messages in all rooms of the reader that are not muted. */
function useDocumentTitle(room: string | undefined): void {
  const { t } = useTranslation();
  const title = useChatState((state) => {
    const shown = room === undefined ? undefined : state.rooms[room];
    return shown === undefined || shown.epoch === "" ? undefined : shown.title;
  });
  const unread = useChatState(({ rooms, preferences }) => {
    const now = Date.now();
    return Object.values(rooms)
      .filter(({ id, role, kind }) => {
        const isQuiet = kind === "job" || isMuted(preferences.rooms[id], now);
        return role !== undefined && !isQuiet;
      })
      .reduce((sum, one) => sum + one.unread, 0);
  });
  useEffect(() => {
    const name = title === undefined ? t("appName") : `${title} · ${t("appName")}`;
    document.title = unread === 0 ? name : `(${unread}) ${name}`;
  }, [title, unread, t]);
}

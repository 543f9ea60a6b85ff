/**
 * Notices of the browser for what comes into the inboxes, and for messages that need the reader, while nobody looks at the app. Several windows of the app tell
 * each notification once: whoever is first to claim it.
 */
import type { Client, EventFrame } from "@parlance/client";
import type { Notice } from "./notification.ts";
import { claim, type Told } from "./told.ts";

/** So long after the first of several a window tells them, so that one in which somebody looks comes first. */
const settleMs = 250;
/** More than so many at once, after a sleep for instance, are one notice with their number. */
const mostAtOnce = 3;

/** What the browser says of notices from this page. `none`: it has none, or not over plain http. */
export type Permission = "none" | "default" | "granted" | "denied";

/** Whether notices may be shown. */
export function alertPermission(): Permission {
  return isSecureContext && "Notification" in window ? Notification.permission : "none";
}

/** Asks the reader. Only in answer to a click of theirs. */
export async function askPermission(): Promise<Permission> {
  if (alertPermission() === "default") await Notification.requestPermission();
  return alertPermission();
}

/** What alerts need of the page. */
export interface AlertsHost {
  readonly client: Client;
  readonly rooms: readonly string[];
  /** What an event tells; undefined where it tells nothing. */
  noticeOf(event: EventFrame): Notice | undefined;
  /** The reader wants to be told. */
  isWanted(): boolean;
  /** A title for a notification that has none. */
  title(): string;
  /** Several as one. */
  summary(count: number): string;
  /** The reader clicked on one: the page is in front already. Of several told as one, the first. */
  onClick(notice: Notice): void;
}

/** Tells from now on. @returns what ends it. */
export function startAlerts(host: AlertsHost): () => void {
  const { client } = host;
  let due: Due[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tell = async (): Promise<void> => {
    timer = undefined;
    const all = due;
    due = [];
    const mine = await claim(all);
    // They may have looked, or said no, meanwhile.
    if (isLooking() || !mayTell()) return;
    const [first] = mine;
    if (first !== undefined && mine.length > mostAtOnce) {
      show(host, first, host.title(), host.summary(mine.length));
      return;
    }
    for (const one of mine) show(host, one, one.notice.title ?? host.title(), one.notice.text);
  };
  const mayTell = (): boolean => host.isWanted() && alertPermission() === "granted";

  const unlisten = host.rooms.map((id) => {
    const room = client.room(id);
    return room.on("event", (event) => {
      const notice = host.noticeOf(event);
      const epoch = room.position?.epoch;
      if (notice === undefined || epoch === undefined || !mayTell()) return;
      const told: Due = { notice, epoch, tag: `${id}/${epoch}/${notice.sequence}` };
      if (isLooking()) {
        void claim([told]);
        return;
      }
      due.push(told);
      timer ??= setTimeout(() => void tell(), settleMs);
    });
  });
  return () => {
    clearTimeout(timer);
    for (const stop of unlisten) stop();
  };
}

interface Due extends Told {
  /** The browser shows one notice for each. */
  readonly tag: string;
}

function isLooking(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

function show(host: AlertsHost, { notice, tag }: Due, title: string, body: string): void {
  try {
    const shown = new Notification(title, { body, tag, icon: "/favicon.svg" });
    shown.addEventListener("click", () => {
      window.focus();
      shown.close();
      host.onClick(notice);
    });
  } catch {
    // Some browsers have the permission and still no notices of pages (Chrome on Android).
  }
}

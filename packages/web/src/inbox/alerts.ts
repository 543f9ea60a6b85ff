/**
 * Notices of the browser for what comes into the inboxes while nobody looks at the app. Several windows of the app tell
 * each notification once: whoever is first to claim it.
 */
import type { Client } from "@parlance/client";
import { noticeOf } from "./notification.ts";
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
  /** The reader wants to be told. */
  isWanted(): boolean;
  /** A title for a notification that has none. */
  title(): string;
  /** Several as one. */
  summary(count: number): string;
  /** The reader clicked on one: the page is in front already. */
  onClick(): void;
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
      show(host, host.title(), host.summary(mine.length), first.tag);
      return;
    }
    for (const { notice, tag } of mine) {
      show(host, notice.title ?? host.title(), notice.text, tag);
    }
  };
  const mayTell = (): boolean => host.isWanted() && alertPermission() === "granted";

  const unlisten = host.rooms.map((id) => {
    const room = client.room(id);
    return room.on("event", (event) => {
      const notice = noticeOf(event);
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

function show(host: AlertsHost, title: string, body: string, tag: string): void {
  try {
    const shown = new Notification(title, { body, tag, icon: "/favicon.svg" });
    shown.addEventListener("click", () => {
      window.focus();
      shown.close();
      host.onClick();
    });
  } catch {
    // Some browsers have the permission and still no notices of pages (Chrome on Android).
  }
}

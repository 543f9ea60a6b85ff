/**
 * Everything that the palette offers and that keys do anywhere on the page. A new one is a row here; the list
 * that `?` opens and the palette are made of these rows.
 */
import { type Chat, type IconName, sortRooms } from "@parlance/react";
import { roomPath } from "../app/route.ts";
import { navigate } from "../app/use-route.ts";
import type { TextKey } from "../i18n/index.ts";
import type { Page } from "./context.ts";

/** What a command works with. */
export interface CommandHost {
  readonly page: Page;
  readonly chat: Chat;
}

/** One thing that can be done. */
export interface PageCommand {
  readonly id: string;
  /** What it does, in the palette and in the list of keys. */
  readonly text: TextKey;
  readonly icon: IconName;
  /** Key of the keyboard as people read it: `Ctrl K`, `Alt ↑`, `?`. Ctrl stands for Cmd too. */
  readonly keys?: string;
  /** In the palette. Not, where it makes no sense there. */
  readonly isInPalette: boolean;
  /** Whether it can be done now; always if absent. */
  isAvailable?(host: CommandHost): boolean;
  run(host: CommandHost): void;
}

/** All of them, in the order in which they are listed. */
export const pageCommands: readonly PageCommand[] = [
  {
    id: "palette",
    text: "keySwitcher",
    icon: "search",
    keys: "Ctrl K",
    isInPalette: false,
    run: ({ page }) => page.openDialog("palette"),
  },
  {
    id: "previous-room",
    text: "keyPreviousRoom",
    icon: "up",
    keys: "Alt ↑",
    isInPalette: false,
    run: (host) => stepRoom(host, -1),
  },
  {
    id: "next-room",
    text: "keyNextRoom",
    icon: "down",
    keys: "Alt ↓",
    isInPalette: false,
    run: (host) => stepRoom(host, 1),
  },
  {
    id: "inbox",
    text: "inbox",
    icon: "bell",
    keys: "Alt N",
    isInPalette: true,
    run: ({ page }) => page.openDialog("inbox"),
  },
  {
    id: "threads",
    text: "threads",
    icon: "thread",
    keys: "Alt T",
    isInPalette: true,
    run: ({ page }) => page.openDialog("threads"),
  },
  {
    id: "mentions",
    text: "mentions",
    icon: "at",
    keys: "Alt M",
    isInPalette: true,
    run: ({ page }) => page.openDialog("mentions"),
  },
  {
    id: "create-room",
    text: "createRoom",
    icon: "plus",
    isInPalette: true,
    run: ({ page }) => page.openDialog("create"),
  },
  {
    id: "new-message",
    text: "newMessage",
    icon: "pencil",
    keys: "Alt W",
    isInPalette: true,
    run: ({ page }) => page.openDialog("direct"),
  },
  {
    id: "find-rooms",
    text: "findRooms",
    icon: "search",
    isInPalette: true,
    run: ({ page }) => page.openDialog("directory"),
  },
  {
    id: "sections",
    text: "sections",
    icon: "sliders",
    isInPalette: true,
    run: ({ page }) => page.openDialog("sections"),
  },
  {
    id: "room-settings",
    text: "aboutRoom",
    icon: "info",
    isInPalette: true,
    isAvailable: ({ page }) => page.room !== undefined,
    run: ({ page }) => page.openDialog("settings", page.room),
  },
  {
    id: "people",
    text: "people",
    icon: "people",
    isInPalette: true,
    isAvailable: ({ page }) => page.room !== undefined,
    run: ({ page }) => page.openPanel("people"),
  },
  {
    id: "poll",
    text: "pollNew",
    icon: "poll",
    isInPalette: true,
    isAvailable: ({ page }) => page.room !== undefined,
    run: ({ page }) => page.openDialog("poll", page.room),
  },
  {
    id: "search",
    text: "searchHereKey",
    icon: "search",
    keys: "/",
    isInPalette: true,
    isAvailable: ({ page }) => page.room !== undefined,
    run: ({ page }) => openSearch(page, "here"),
  },
  {
    id: "search-everywhere",
    text: "searchEverywhereKey",
    icon: "search",
    keys: "Ctrl Shift F",
    isInPalette: true,
    isAvailable: ({ page }) => page.room !== undefined,
    run: ({ page }) => openSearch(page, "everywhere"),
  },
  {
    id: "date",
    text: "dateJump",
    icon: "calendar",
    isInPalette: true,
    isAvailable: ({ page }) => page.room !== undefined,
    run: ({ page }) => page.openDialog("date"),
  },
  {
    id: "pins",
    text: "pins",
    icon: "pin",
    isInPalette: true,
    isAvailable: ({ page }) => page.room !== undefined,
    run: ({ page }) => page.openPanel("pins"),
  },
  {
    id: "files",
    text: "files",
    icon: "file",
    isInPalette: true,
    isAvailable: ({ page }) => page.room !== undefined,
    run: ({ page }) => page.openPanel("files"),
  },
  {
    id: "drafts",
    text: "drafts",
    icon: "pencil",
    isInPalette: true,
    run: ({ page }) => page.openDialog("drafts"),
  },
  {
    id: "scheduled",
    text: "scheduled",
    icon: "clock",
    isInPalette: true,
    run: ({ page }) => page.openDialog("scheduled"),
  },
  {
    id: "saved",
    text: "savedTitle",
    icon: "bookmark",
    isInPalette: true,
    run: ({ page }) => page.openDialog("saved"),
  },
  {
    id: "status",
    text: "setStatus",
    icon: "smile",
    isInPalette: true,
    run: ({ page }) => page.openDialog("status"),
  },
  {
    id: "profile",
    text: "editProfile",
    icon: "pencil",
    isInPalette: true,
    run: ({ page }) => page.openDialog("profile"),
  },
  {
    id: "preferences",
    text: "preferences",
    icon: "sliders",
    isInPalette: true,
    run: ({ page }) => page.openDialog("preferences"),
  },
  {
    id: "keys",
    text: "keyHelp",
    icon: "keyboard",
    keys: "?",
    isInPalette: true,
    run: ({ page }) => page.openDialog("keys"),
  },
];

/** The command of a key stroke. Letters without Ctrl or Alt belong to the field that somebody writes in. */
export function commandOf(event: KeyboardEvent): PageCommand | undefined {
  return pageCommands.find(({ keys }) => keys !== undefined && isStroke(event, keys));
}

function isStroke(event: KeyboardEvent, keys: string): boolean {
  const names = keys.split(" ");
  const key = arrows[names.at(-1) ?? ""] ?? names.at(-1) ?? "";
  const isControl = event.ctrlKey || event.metaKey;
  if (names.includes("Ctrl") !== isControl || names.includes("Alt") !== event.altKey) return false;
  // Of letters it says nothing alone: signs are behind it on many keyboards.
  if (isControl && names.includes("Shift") !== event.shiftKey) return false;
  if (names.length === 1 && isWriting(event.target)) return false;
  // By its place: with Alt a letter gives another sign on some systems.
  if (event.altKey && /^[A-Z]$/.test(key)) return event.code === `Key${key}`;
  return event.key.toLowerCase() === key.toLowerCase();
}

const arrows: Readonly<Record<string, string>> = {
  "↑": "ArrowUp",
  "↓": "ArrowDown",
};

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select") !== null;
}

/** One that is open already only gets the focus. */
function openSearch(page: Page, where: "here" | "everywhere"): void {
  page.openPanel("search", where);
  document.getElementById("search-field")?.focus();
}

function stepRoom({ chat, page }: CommandHost, step: 1 | -1): void {
  const { joined } = sortRooms(chat.get().rooms);
  const here = joined.findIndex((one) => one.id === page.room);
  const next = joined[(here + step + joined.length) % joined.length];
  if (next !== undefined) navigate(roomPath(next.id));
}

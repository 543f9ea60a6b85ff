/** From the events of an inbox to what is shown. */
import type { EventFrame } from "@parlance/client";
import type { RoomState } from "@parlance/react";
import { isRoomId, roomPath } from "../app/route.ts";

/** One notification. */
export interface Notice {
  /** Unique among all inboxes. */
  readonly key: string;
  readonly room: string;
  readonly sequence: number;
  /** ISO 8601. */
  readonly time: string;
  readonly title: string | undefined;
  readonly text: string;
  /** Where it leads: a page of the web, or a room of this app. */
  readonly target: Target | undefined;
}

/** `web` is http or https and opens elsewhere. */
export type Target =
  | { readonly kind: "web"; readonly href: string; readonly host: string }
  | { readonly kind: "room"; readonly href: string };

/** Facts of a message without a text that are shown, and how long each may be. */
const shownFacts = 4;
const longestFact = 80;

/** Of several inboxes the notifications that are loaded, newest first. */
export function noticesOf(rooms: readonly (RoomState | undefined)[]): readonly Notice[] {
  return rooms
    .flatMap((room) => room?.events.map(noticeOf) ?? [])
    .filter((notice) => notice !== undefined)
    .toSorted((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : b.sequence - a.sequence));
}

/** What one event tells; undefined for one that is no message, or erased. A message that grows tells of itself when it is whole. */
export function noticeOf(event: EventFrame): Notice | undefined {
  if ("erased" in event) return undefined;
  if (event.type !== "message.created" && event.type !== "message.closed") return undefined;
  if ("open" in event.data || event.data.text === "") return undefined;
  const { room, sequence, time } = event;
  const data = event.data.data ?? {};
  // PorticoEstate's have what they are about one level deeper.
  const inner = membersOf(data["data"]) ?? {};
  const type = textOf(data["type"]);
  // The server makes a text of the type where a back end gives none: then the facts say more.
  const isMadeUp = type !== undefined && event.data.text === type;
  const text = isMadeUp ? factsOf(data) : event.data.text;
  const title =
    textOf(data["title"]) ?? textOf(inner["title"]) ?? (isMadeUp ? sentenceOf(type) : undefined);
  return {
    key: `${room}/${sequence}`,
    room,
    sequence,
    time,
    title: title === text ? undefined : title,
    text,
    target: targetOf(data) ?? targetOf(inner),
  };
}

function targetOf(data: Members): Target | undefined {
  const url = URL.parse(textOf(data["url"]) ?? "");
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) {
    return { kind: "web", href: url.href, host: url.host };
  }
  const room = textOf(data["room"]);
  return room !== undefined && isRoomId(room) ? { kind: "room", href: roomPath(room) } : undefined;
}

/** `filename: report.pdf, downloader: Bob`. */
function factsOf(data: Members): string {
  return Object.entries(data)
    .filter(([name, value]) => name !== "type" && name !== "timestamp" && isFact(value))
    .slice(0, shownFacts)
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${String(value).slice(0, longestFact)}`)
    .join(", ");
}

function isFact(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

/** `file_downloaded` as `File downloaded`. */
function sentenceOf(type: string): string {
  const words = type.replaceAll(/[_.-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

type Members = Readonly<Record<string, unknown>>;

function membersOf(value: unknown): Members | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Members) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

/** From a room's events and the reader's own unsent messages to the rows of the conversation. */

import type { EventFrame, ForwardedFrom } from "@parlance/client";
import { shownSaved } from "../state/kept.ts";
import { deletedInThreads, isInThread } from "../state/main-line.ts";
import type { OutgoingView, PendingChange, RoomState } from "../state/model.ts";
import { shownPins } from "../state/pins.ts";
import { shownEvents } from "../state/window.ts";
import { type Fold, foldMessages, type Reaction, type Version } from "./fold.ts";

/** What may stand above a row. It belongs to the row, so that rows keep their number when a page arrives. */
export interface Above {
  /** The row begins a day: any time of it, ISO 8601. */
  readonly day?: string;
  /** The line "new since" goes here. */
  readonly newSince?: true;
  /** The room's log begins here. */
  readonly start?: true;
}

/** A message. */
export interface MessageRow extends Above {
  readonly kind: "message";
  readonly key: string;
  /** Undefined while it is not known to be stored. */
  readonly sequence: number | undefined;
  readonly author: string;
  readonly name: string;
  /** The writer chose the name, and has not shown to be anybody. */
  readonly isUnverified: boolean;
  /** Undefined when the payload was erased. */
  readonly text: string | undefined;
  readonly time: string;
  readonly own: boolean;
  /** Begins a block: shows author and time. */
  readonly first: boolean;
  readonly state: "waiting" | "sent" | "failed";
  readonly reason: string | undefined;
  /** Undefined while it is not known to be stored. */
  readonly messageId: string | undefined;
  /** `open`: it grows, and `text` is what it began with. Else how it ended, where that was not by its writer. */
  readonly growth: Version["growth"];
  readonly isEdited: boolean;
  readonly isPinned: boolean;
  /** By the reader, for themselves. */
  readonly isSaved: boolean;
  /** It says what another message said: where that is, as far as it was told; `undefined`: it does not. */
  readonly forwarded: ForwardedFrom | undefined;
  readonly reactions: readonly Reaction[];
  /** What the reader is changing, but for reactions. */
  readonly change: PendingChange | undefined;
  /** It is a file, not something written. */
  readonly isFile: boolean;
  /** The file; undefined where it was removed. `text` is empty then. */
  readonly file: SharedFile | undefined;
  /** Set for own messages that can be tried again or discarded. */
  readonly clientMessageId: string | undefined;
}

/** A file in a room. Its bytes are at `GET /api/v1/files/<id>`. */
export interface SharedFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly mediaType: string;
}

/** People coming and going, one after the other. */
export interface SystemRow extends Above {
  readonly kind: "system";
  readonly key: string;
  readonly sequence: number;
  readonly time: string;
  readonly changes: readonly { readonly name: string; readonly what: "joined" | "left" }[];
}

/** One row of the conversation. */
export type Row = MessageRow | SystemRow;

/** Messages of one author within so many milliseconds of the block's first are one block. */
export const blockMs = 5 * 60_000;

/** The rows of a room, oldest first. Days are those of the reader's time zone. */
export function buildRows(
  room: Pick<
    RoomState,
    "events" | "outgoing" | "newAfter" | "floor" | "changes" | "window" | "settings" | "pins"
  >,
  me: { readonly id: string; readonly name: string },
  saved: ReadonlySet<string> = nothing,
): readonly Row[] {
  const rows: Row[] = [];
  let day = "";
  let newLineDue = room.newAfter !== undefined;
  let block: { readonly author: string; readonly begin: number } | undefined;

  const above = (time: string, sequence: number | undefined): Above => {
    const date = new Date(time).toDateString();
    const result: { -readonly [K in keyof Above]: Above[K] } = {};
    if (date !== day) result.day = time;
    if (newLineDue && sequence !== undefined && sequence > (room.newAfter ?? 0)) {
      result.newSince = true;
      newLineDue = false;
    }
    if (rows.length === 0 && sequence === room.floor + 1) result.start = true;
    day = date;
    return result;
  };

  const addMessage = (message: Omit<MessageRow, "first" | "kind" | "own" | keyof Above>): void => {
    const lines = above(message.time, message.sequence);
    const begin = Date.parse(message.time);
    const follows =
      block?.author === message.author &&
      begin - block.begin < blockMs &&
      lines.day === undefined &&
      lines.newSince === undefined;
    if (!follows) block = { author: message.author, begin };
    rows.push({
      kind: "message",
      ...message,
      ...lines,
      own: message.author === me.id,
      first: !follows,
    });
  };

  const fold = foldMessages(room, me.id);
  const changes = new Map(
    room.changes.flatMap((one) => (isQuiet(one) ? [] : [[one.message, one] as const])),
  );
  const pinned = shownPins(room.pins, room.changes);
  const kept = shownSaved(saved, room.changes);
  const shown = shownEvents(room);
  const gone = deletedInThreads(room.window === undefined ? shown : [...shown, ...room.events]);
  for (const event of shown) {
    if (isInThread(event) || gone.has(event.id)) continue;
    if (event.type === "message.created") {
      addMessage({
        ...messageOf(event, me.id),
        ...fold.version(event.id),
        change: changes.get(event.id),
        isPinned: pinned.has(event.id),
        isSaved: kept.has(event.id),
      });
      continue;
    }
    if (event.type === "file.shared") {
      addMessage(fileOf(event, fold, changes));
      continue;
    }
    if ("erased" in event) continue;
    if (event.type !== "member.joined" && event.type !== "member.left") continue;
    // The room wants no lines for who comes and goes.
    if (room.settings.system_lines === false) continue;
    const change = {
      name: event.data.name,
      what: event.type === "member.joined" ? ("joined" as const) : ("left" as const),
    };
    block = undefined;
    const lines = above(event.time, event.sequence);
    const last = rows.at(-1);
    if (last?.kind === "system" && Object.keys(lines).length === 0) {
      rows[rows.length - 1] = { ...last, changes: [...last.changes, change] };
    } else {
      rows.push({
        kind: "system",
        key: `s:${event.sequence}`,
        sequence: event.sequence,
        time: event.time,
        changes: [change],
        ...lines,
      });
    }
  }
  // What one writes belongs to the end.
  if (room.window !== undefined) return rows;
  for (const entry of room.outgoing) addMessage(pendingOf(entry, me));
  return rows;
}

const nothing: ReadonlySet<string> = new Set();

/** A reaction, and what is pinned or saved, shows as done until it was refused. */
function isQuiet({ kind, state }: PendingChange): boolean {
  return kind === "react" || ((kind === "pin" || kind === "save") && state !== "failed");
}

type Message = Omit<MessageRow, "first" | "kind" | "own" | keyof Above>;

function messageOf(event: EventFrame, me: string): Message {
  const data = "erased" in event || event.type !== "message.created" ? undefined : event.data;
  const clientMessageId = event.author === me ? event.client_message_id : undefined;
  return {
    // The local echo and the event share a key, so the row stays the same element when it is stored.
    key: clientMessageId === undefined ? `e:${event.id}` : `c:${clientMessageId}`,
    sequence: event.sequence,
    author: event.author,
    name: data?.author_name ?? "",
    isUnverified: data?.unverified === true,
    text: data?.text,
    messageId: event.id,
    growth: data?.open === true ? "open" : undefined,
    time: event.time,
    state: "sent",
    reason: undefined,
    clientMessageId: undefined,
    ...unchanged,
    forwarded: data?.forwarded === undefined ? undefined : { message_id: data.forwarded },
  };
}

const unchanged = {
  isEdited: false,
  isPinned: false,
  isSaved: false,
  forwarded: undefined,
  reactions: [],
  change: undefined,
  isFile: false,
  file: undefined,
} as const satisfies Partial<MessageRow>;

function fileOf(
  event: EventFrame,
  fold: Fold,
  changes: ReadonlyMap<string, PendingChange>,
): Message {
  const data = "erased" in event || event.type !== "file.shared" ? undefined : event.data;
  const isGone = data === undefined || fold.goneFiles.has(data.file_id);
  return {
    key: `e:${event.id}`,
    sequence: event.sequence,
    author: event.author,
    name: data?.author_name ?? "",
    isUnverified: false,
    text: isGone ? undefined : "",
    // Nothing can be done with it that is done with messages.
    messageId: undefined,
    growth: undefined,
    time: event.time,
    state: "sent",
    reason: undefined,
    clientMessageId: undefined,
    ...unchanged,
    isFile: true,
    change: isGone ? undefined : changes.get(data.file_id),
    file: isGone
      ? undefined
      : { id: data.file_id, name: data.name, bytes: data.bytes, mediaType: data.media_type },
  };
}

function pendingOf(
  entry: OutgoingView,
  me: { readonly id: string; readonly name: string },
): Message {
  return {
    key: `c:${entry.clientMessageId}`,
    sequence: undefined,
    author: me.id,
    name: me.name,
    isUnverified: false,
    text: entry.text,
    messageId: undefined,
    growth: undefined,
    time: entry.time,
    state: entry.state,
    reason: entry.reason,
    clientMessageId: entry.clientMessageId,
    ...unchanged,
  };
}

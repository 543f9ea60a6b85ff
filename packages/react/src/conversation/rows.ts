/** From a room's events and the reader's own unsent messages to the rows of the conversation. */

import type { EventFrame, ForwardedFrom, WireUser } from "@parlance/client";
import type { PollShown } from "../asking/poll.ts";
import { shownSaved } from "../state/kept.ts";
import { deletedInThreads, isInThread, repliedTo, threadOf } from "../state/main-line.ts";
import type { PendingChange, RoomState, ThreadState } from "../state/model.ts";
import { shownPins } from "../state/pins.ts";
import { byId, shownEvents } from "../state/window.ts";
import { foldMessages, type Reaction, type Replies, type Version } from "./fold.ts";
import { fileOf, type Message, messageOf, messageOfView, pendingOf } from "./message-of.ts";
import { type Quote, quotesOf } from "./quotes.ts";
import { createRowList } from "./row-list.ts";

/** What may stand above a row. It belongs to the row, so that rows keep their number when a page arrives. */
export interface Above {
  /** The row begins a day: any time of it, ISO 8601. */
  readonly day?: string;
  /** The line "new since" goes here. */
  readonly newSince?: true;
  /** The room's log begins here. */
  readonly start?: true;
  /** Of a thread: so many answers begin here. */
  readonly answers?: number;
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
  /** What it asks, and how that stands; absent of messages that ask nothing. */
  readonly poll?: PollShown;
  /** What it answers. */
  readonly quote: Quote | undefined;
  /** What was written in the thread under it; not in the thread itself. */
  readonly replies: Replies | undefined;
  /** Whom it mentions, as the server decided. */
  readonly mentions: Version["mentions"];
  /** It mentions the reader. */
  readonly isForMe: boolean;
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

/** What rows are made of. */
export type RowParts = Pick<
  RoomState,
  | "events"
  | "outgoing"
  | "newAfter"
  | "floor"
  | "changes"
  | "window"
  | "settings"
  | "others"
  | "pins"
>;
type Person = Pick<WireUser, "name"> & { readonly id: string };

/** The rows of a room's main line, oldest first. Days are those of the reader's time zone. */
export function buildRows(
  room: RowParts,
  me: Person,
  saved: ReadonlySet<string> = nothing,
): readonly Row[] {
  const list = createRowList(me.id, room);
  const fold = foldMessages(room, me.id);
  const shown = shownEvents(room);
  const quotes = quotesOf(room, fold, shown);
  const changes = changesOf(room);
  const keptOf = keptIn(room, saved);
  const gone = deletedInThreads(room.window === undefined ? shown : [...shown, ...room.events]);
  for (const event of shown) {
    if (isInThread(event) || gone.has(event.id) || isOutsideOf(room.window, event)) continue;
    if (event.type === "message.created") {
      list.addMessage({
        ...messageOf(event, me.id),
        ...fold.version(event.id),
        change: changes.get(event.id),
        ...keptOf(event.id),
        quote: quotes.of(repliedTo(event)),
        replies: fold.replies(event.id),
      });
      continue;
    }
    if (event.type === "file.shared") {
      list.addMessage(fileOf(event, fold, changes));
      continue;
    }
    if ("erased" in event) continue;
    if (event.type !== "member.joined" && event.type !== "member.left") continue;
    // The room wants no lines for who comes and goes.
    if (room.settings.system_lines === false) continue;
    const what = event.type === "member.joined" ? "joined" : "left";
    list.addChange({ name: event.data.name, what }, event);
  }
  // What one writes belongs to the end.
  if (room.window !== undefined) return list.rows;
  for (const entry of room.outgoing) {
    if (entry.thread !== undefined) continue;
    list.addMessage({ ...pendingOf(entry, me), quote: quotes.of(entry.replyTo) });
  }
  return list.rows;
}

/** The rows of a thread: its root, and what was written under it, oldest first. */
export function buildThreadRows(
  root: string,
  thread: ThreadState,
  room: RowParts,
  me: Person,
  saved: ReadonlySet<string> = nothing,
): readonly Row[] {
  if (thread.root === undefined) return [];
  const list = createRowList(me.id, { newAfter: thread.newAfter });
  const { asOf } = thread;
  const views = [thread.root, ...thread.views];
  const parts = { ...room, window: { views: byId(views), asOf } };
  const fold = foldMessages(parts, me.id);
  const quotes = quotesOf(parts, fold, room.events);
  const changes = changesOf(room);
  const keptOf = keptIn(room, saved);
  const deleted = deletedInThreads(room.events);
  const live = room.events.filter((event) => {
    if (event.sequence <= asOf || event.type !== "message.created") return false;
    return threadOf(event) === root || deleted.get(event.id) === root;
  });
  const replies = fold.replies(root);
  const add = (message: Message, id: string | undefined, answered: string | undefined): void => {
    const isFirst = list.rows.length === 1 && replies !== undefined && !thread.hasOlder;
    list.addMessage(
      {
        ...message,
        ...(id === undefined ? {} : { ...fold.version(id), ...keptOf(id) }),
        change: id === undefined ? undefined : changes.get(id),
        quote: quotes.of(answered),
      },
      isFirst ? { answers: replies.count } : {},
    );
  };
  for (const view of views) add(messageOfView(view), view.id, view.reply_to?.message_id);
  for (const event of live) add(messageOf(event, me.id), event.id, repliedTo(event));
  for (const entry of room.outgoing) {
    if (entry.thread === root) add(pendingOf(entry, me), undefined, entry.replyTo);
  }
  return list.rows;
}

function changesOf(room: Pick<RoomState, "changes">): ReadonlyMap<string, PendingChange> {
  return new Map(
    room.changes.flatMap((one) => (isQuiet(one) ? [] : [[one.message, one] as const])),
  );
}

/** A reaction, and what is pinned or saved, shows as done until it was refused. */
function isQuiet({ kind, state }: PendingChange): boolean {
  return kind === "react" || ((kind === "pin" || kind === "save") && state !== "failed");
}

const nothing: ReadonlySet<string> = new Set();

/** What each message is kept for. */
function keptIn(
  room: Pick<RoomState, "pins" | "changes">,
  saved: ReadonlySet<string>,
): (id: string) => Pick<MessageRow, "isPinned" | "isSaved"> {
  const pinned = shownPins(room.pins, room.changes);
  const kept = shownSaved(saved, room.changes);
  return (id) => ({ isPinned: pinned.has(id), isSaved: kept.has(id) });
}

/** One that was erased does not say that it was in a thread; a page of the main line has all that is in it. */
function isOutsideOf(window: RoomState["window"], event: EventFrame): boolean {
  if (window === undefined || event.type !== "message.created" || !("erased" in event))
    return false;
  return event.sequence <= window.asOf && window.views[event.id] === undefined;
}

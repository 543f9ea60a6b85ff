/** From what a log, a page or the outbox has of a message to what is shown of it. */
import type { EventFrame, MessageView } from "@parlance/client";
import type { OutgoingView, PendingChange } from "../state/model.ts";
import type { Fold } from "./fold.ts";
import type { Above, MessageRow } from "./rows.ts";

/** A message before it has its place among others. */
export type Message = Omit<MessageRow, "first" | "kind" | "own" | "isForMe" | keyof Above>;

/** What was written. */
export function messageOf(event: EventFrame, me: string): Message {
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
    mentions: data?.mentions,
    forwarded: data?.forwarded === undefined ? undefined : { message_id: data.forwarded },
  };
}

/** A message as a page told it. */
export function messageOfView(view: MessageView): Message {
  return {
    key: `e:${view.id}`,
    sequence: view.sequence,
    author: view.author,
    name: view.author_name,
    isUnverified: view.unverified === true,
    text: view.deleted === true ? undefined : view.text,
    messageId: view.id,
    growth: view.open === true ? "open" : undefined,
    time: view.time,
    state: "sent",
    reason: undefined,
    clientMessageId: undefined,
    ...unchanged,
    mentions: view.mentions,
    forwarded: view.forwarded,
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
  replies: undefined,
  quote: undefined,
  mentions: undefined,
} as const satisfies Partial<MessageRow>;

/** A file that was shared. */
export function fileOf(
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

/** What the reader has written and the log does not have yet. */
export function pendingOf(
  entry: OutgoingView,
  me: { readonly id: string; readonly name: string },
): Message {
  return {
    key: `c:${entry.clientMessageId}`,
    sequence: entry.published?.sequence,
    author: me.id,
    name: me.name,
    isUnverified: false,
    text: entry.text,
    messageId: entry.published?.messageId,
    growth: undefined,
    time: entry.time,
    state: entry.state,
    reason: entry.reason,
    clientMessageId: entry.clientMessageId,
    ...unchanged,
  };
}

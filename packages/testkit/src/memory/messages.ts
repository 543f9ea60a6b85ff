/** Messages of a memory store as they are now, folded from the room's events whenever somebody asks. */
import type { Append, MessagePage, MessagePlace, MessageQuery, MessageStats } from "@parlance/core";
import { canonicalPayload } from "@parlance/core";
import {
  type AnyDurableEvent,
  type DurablePayloads,
  type EventId,
  limits,
  type MessageView,
  type PollView,
  type QuotedMessage,
  type UserId,
} from "@parlance/protocol";
import { pinsOf } from "./keeping.ts";
import { closingRefusal, opensTooMany } from "./open-texts.ts";
import { pollAsItStands, polledIn } from "./polls.ts";
import { headOf, type MemoryRoom, type MemoryState } from "./state.ts";
import { rootOf, summaryOf, withThread } from "./threads.ts";

/** What was put on a message, by kind, each in the order of its events. */
type Reactions = Map<string, Set<UserId>>;

interface Folded {
  readonly view: MessageView;
  readonly reactions: Reactions;
  readonly bytes: number;
  /** The message that it answers. */
  readonly answers?: EventId;
}

/** All messages of a room by id, in their order. */
function fold(state: MemoryState, room: MemoryRoom): Map<EventId, Folded> {
  const messages = new Map<EventId, Folded>();
  for (const { frame } of room.events) {
    const { id, sequence, author, time } = frame;
    if (frame.type === "message.created") {
      const thread = rootOf(state, id);
      const under = thread === undefined ? {} : { thread };
      const place = {
        id,
        number: numberOf(state, id),
        room: room.room,
        sequence,
        author,
        ...under,
      };
      const said =
        "erased" in frame
          ? { author_name: "", text: "", deleted: true as const }
          : spokenOf(state, room, id, frame.data);
      const bytes = "erased" in frame ? 0 : bytesOf(said);
      const answers = "erased" in frame ? undefined : frame.data.reply_to;
      const more = answers === undefined ? {} : { answers };
      const view = { ...place, ...said, time };
      messages.set(id, { view, reactions: new Map(), bytes, ...more });
    } else if (!("erased" in frame)) follow(messages, frame);
  }
  return messages;
}

/** What an open message says is what is stored of it. */
function spokenOf(
  state: MemoryState,
  room: MemoryRoom,
  id: EventId,
  {
    open,
    thread: _,
    reply_to: __,
    forwarded: origin,
    poll,
    ...spoken
  }: DurablePayloads["message.created"],
): Omit<
  DurablePayloads["message.created"],
  "open" | "thread" | "reply_to" | "forwarded" | "poll"
> & {
  readonly poll?: PollView;
  readonly forwarded?: { readonly message_id: EventId };
  readonly open?: true;
} {
  const said = {
    ...spoken,
    ...(origin === undefined ? {} : { forwarded: { message_id: origin } }),
    ...(poll === undefined ? {} : { poll: pollAsItStands(room, id, poll) }),
  };
  const text = state.openTexts.get(id)?.text;
  return open === undefined || text === undefined ? said : { ...said, text, open };
}

function follow(messages: Map<EventId, Folded>, event: AnyDurableEvent): void {
  if (!("message_id" in event.data)) return;
  const known = messages.get(event.data.message_id);
  if (known === undefined || known.view.deleted === true) return;
  switch (event.type) {
    case "message.edited": {
      const { data: _, closed: __, closed_sequence: ___, mentions: ____, ...view } = known.view;
      const { text, data, mentions } = event.data;
      const edited = {
        text,
        ...(data === undefined ? {} : { data }),
        ...(mentions === undefined ? {} : { mentions }),
        edited_at: event.time,
      };
      const bytes = known.bytes + bytesOf(event.data);
      messages.set(event.data.message_id, { ...known, view: { ...view, ...edited }, bytes });
      return;
    }
    case "message.closed": {
      const { text, reason: closed } = event.data;
      const bytes = known.bytes + bytesOf(event.data);
      messages.set(event.data.message_id, {
        ...known,
        view: { ...known.view, text, closed, closed_sequence: event.sequence },
        bytes,
      });
      return;
    }
    case "reaction.added": {
      const users = known.reactions.get(event.data.emoji) ?? new Set();
      known.reactions.set(event.data.emoji, users.add(event.author));
      return;
    }
    case "reaction.removed": {
      const users = known.reactions.get(event.data.emoji);
      users?.delete(event.author);
      if (users?.size === 0) known.reactions.delete(event.data.emoji);
      return;
    }
    default:
      return;
  }
}

function bytesOf(data: object): number {
  return Buffer.byteLength(canonicalPayload(data));
}

function numberOf(state: MemoryState, id: EventId): number {
  return state.messages.indexOf(id) + 1;
}

function whole(
  state: MemoryState,
  all: ReadonlyMap<EventId, Folded>,
  folded: Folded,
  isPinned: boolean,
): MessageView {
  const { reactions, answers } = folded;
  const replies = summaryOf(state, folded.view.id);
  const quoted = folded.view.deleted === true ? undefined : all.get(answers ?? ("" as EventId));
  const view = {
    ...folded.view,
    ...(isPinned ? { pinned: true as const } : {}),
    ...(replies === undefined ? {} : { replies }),
    ...(quoted === undefined ? {} : { reply_to: quote(quoted.view) }),
  };
  if (reactions.size === 0) return view;
  const shown = [...reactions].map(([emoji, users]) => ({
    emoji,
    count: users.size,
    users: [...users].slice(0, limits.reactionUsers),
  }));
  return { ...view, reactions: shown };
}

function quote({ id, sequence, author, author_name, text, deleted }: MessageView): QuotedMessage {
  const shown = text.slice(0, limits.quoteLength);
  return {
    message_id: id,
    sequence,
    author,
    author_name,
    text: shown.length < text.length ? shown.replace(/[\uD800-\uDBFF]$/, "") : shown,
    ...(deleted === undefined ? {} : { deleted }),
  };
}

/** Finds a message by id or number. */
export function findMessage(state: MemoryState, ref: string): MessagePlace | undefined {
  const id = state.messages.includes(ref as EventId)
    ? (ref as EventId)
    : state.messages[/^[1-9]\d{0,14}$/.test(ref) ? Number(ref) - 1 : -1];
  for (const room of state.rooms.values()) {
    const event = room.events.find(({ frame }) => frame.id === id);
    if (id === undefined || event === undefined) continue;
    const { sequence, author } = event.frame;
    const isDeleted = "erased" in event.frame;
    const isOpen = state.openTexts.has(id);
    const { principal } = event;
    const place = { room: room.room, id, sequence, author, principal, isDeleted, isOpen };
    return withThread(state, place);
  }
  return undefined;
}

/** One page, as `RoomLog.messages` promises. */
export function messagePage(
  state: MemoryState,
  room: MemoryRoom,
  query: MessageQuery,
): MessagePage {
  const { before = Number.POSITIVE_INFINITY, after, limit, at } = query;
  const { maxBytes = Number.POSITIVE_INFINITY } = query;
  const folded = fold(state, room);
  const pins = pinsOf(room);
  const all = [...folded.values()].filter(({ view }) => isWanted(query, view));
  const firstOf = (messages: readonly Folded[], bytes: number): MessageView[] =>
    upTo(messages, bytes).map((message) =>
      whole(state, folded, message, pins.has(message.view.id)),
    );
  const late = room.events.find(({ frame }) => Date.parse(frame.time) >= (at ?? 0));
  const around =
    query.around ?? (at === undefined ? undefined : (late?.frame.sequence ?? Infinity));
  const older = (below: number, most: number, bytes: number): MessageView[] => {
    const wanted = all.filter(({ view }) => view.sequence < below).reverse();
    return firstOf(wanted.slice(0, most), bytes).reverse();
  };
  const newer = (above: number, most: number, bytes: number): MessageView[] =>
    firstOf(all.filter(({ view }) => view.sequence > above).slice(0, most), bytes);
  const half = Math.floor(limit / 2);
  const messages =
    around !== undefined
      ? [...older(around, half, maxBytes / 2), ...newer(around - 1, limit - half, maxBytes / 2)]
      : after !== undefined
        ? newer(after, limit, maxBytes)
        : older(before, limit, maxBytes);
  return { ...headOf(room), messages };
}

/** The first ones, up to the one that passes the bound. */
function upTo(messages: readonly Folded[], maxBytes: number): Folded[] {
  const found: Folded[] = [];
  let bytes = 0;
  for (const message of messages) {
    found.push(message);
    bytes += message.bytes;
    if (bytes > maxBytes) break;
  }
  return found;
}

function isWanted({ ids, line }: MessageQuery, view: MessageView): boolean {
  if (ids !== undefined) return ids.includes(view.id);
  if (typeof line === "object") return view.thread === line.thread;
  return line === "all" || view.thread === undefined;
}

/** Counts, as `RoomLog.messageStats` promises. */
export function messageStats(state: MemoryState, room: MemoryRoom): MessageStats {
  const there = [...fold(state, room).values()]
    .map(({ view }) => view)
    .filter(({ deleted }) => deleted !== true);
  const times = there.map(({ time }) => Date.parse(time));
  const [firstAt] = times;
  const lastAt = times.at(-1);
  return {
    messages: there.length,
    authors: new Set(there.map(({ author }) => author)).size,
    ...(firstAt === undefined ? {} : { firstAt }),
    ...(lastAt === undefined ? {} : { lastAt }),
  };
}

/** Why an event about a message cannot be stored; undefined if it can. */
export function refusal(
  state: MemoryState,
  room: MemoryRoom,
  { author, principal, event }: Pick<Append, "author" | "principal" | "event">,
): "gone" | "unchanged" | "full" | "moved" | undefined {
  const { type, data } = event as AnyDurableEvent;
  if (type === "message.created" && "open" in data) {
    return opensTooMany(state, principal) ? "full" : undefined;
  }
  if (!("message_id" in data)) return undefined;
  const message = fold(state, room).get(data.message_id);
  if (message === undefined || message.view.deleted === true) return "gone";
  if (type === "message.closed" && "text" in data) {
    return closingRefusal(state, data.message_id, data.text);
  }
  if (type === "message.pinned" || type === "message.unpinned") {
    const pins = pinsOf(room);
    const on = type === "message.pinned";
    if (pins.has(data.message_id) === on) return "unchanged";
    return on && pins.size >= limits.pins ? "full" : undefined;
  }
  if (type === "poll.voted") {
    const { before, choices } = data as DurablePayloads["poll.voted"];
    const { ballots, isClosed } = polledIn(room, data.message_id);
    if (isClosed) return "gone";
    const present = ballots.get(principal)?.choices.join() ?? "";
    if (present !== before.join()) return "moved";
    return present === choices.join() ? "unchanged" : undefined;
  }
  if (type === "poll.closed") {
    return polledIn(room, data.message_id).isClosed ? "unchanged" : undefined;
  }
  if (type !== "reaction.added" && type !== "reaction.removed") return undefined;
  const { emoji } = data as { readonly emoji: string };
  const users = message.reactions.get(emoji);
  if ((users?.has(author) === true) === (type === "reaction.added")) return "unchanged";
  const isFull = message.reactions.size >= limits.reactionKinds;
  return type === "reaction.added" && users === undefined && isFull ? "full" : undefined;
}

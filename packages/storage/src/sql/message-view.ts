import type {
  ClosedReason,
  DurablePayloads,
  EventId,
  MessageView,
  QuotedMessage,
  RoomId,
  ThreadSummary,
  UserId,
} from "@parlance/protocol";
import { type PollTally, pollView } from "./polls.ts";

/** A message with the event that made it and the one that says what it says now. */
export interface MessageColumns {
  readonly id: EventId;
  readonly number: number;
  readonly sequence: number;
  readonly author: UserId;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Canonical JSON; null once erased. */
  readonly payload: string | null;
  /** Of the newest edit; null where there is none, the payload also once erased. */
  readonly editTime: number | null;
  readonly editPayload: string | null;
  /** Of the event that says what the message says now. */
  readonly shownSequence: number;
  /** Of what is stored of a message that is open, in UTF-16 code units; null where it is not. */
  readonly openLength: number | null;
  /** The root of the thread that it is in. */
  readonly thread: EventId | null;
  /** Sequence of its pin; null where it has none. */
  readonly pin: number | null;
}

/** What is folded into a message beside its versions. */
export interface Folded {
  readonly reactions?: readonly ReactionColumns[];
  /** What is stored of it, where it is open. */
  readonly openText?: string;
  readonly replies?: ThreadSummary;
  /** How its poll stands, if it has one. */
  readonly tally?: PollTally;
  /** Those that messages of the page answer, by id. */
  readonly quotes?: ReadonlyMap<EventId, QuotedMessage>;
}

/** One kind of reaction by one user, with what is known of the kind. In order, at most so many as are to be named. */
export interface ReactionColumns {
  readonly message: EventId;
  readonly emoji: string;
  readonly user: UserId;
  /** Users with this kind, those not named included. */
  readonly count: number;
}

/** A message as readers get it. */
export function messageView(
  room: RoomId,
  columns: MessageColumns,
  { reactions = [], openText = "", replies, tally, quotes }: Folded = {},
): MessageView {
  const { id, number, sequence, author, time } = columns;
  const links = {
    ...(columns.thread === null ? {} : { thread: columns.thread }),
    ...(replies === undefined ? {} : { replies }),
  };
  const place = { id, number, room, sequence, author };
  const written = { time: new Date(time).toISOString() };
  const { payload, editTime, editPayload } = columns;
  if (payload === null || (editTime !== null && editPayload === null)) {
    return { ...place, author_name: "", text: "", ...written, deleted: true, ...links };
  }
  const first = JSON.parse(payload) as DurablePayloads["message.created"];
  const edit =
    editPayload === null
      ? undefined
      : (JSON.parse(editPayload) as DurablePayloads["message.edited"] & {
          /** The version is the whole of a message that grew, and nobody edited it. */
          readonly reason?: ClosedReason;
        });
  const { author_name, author_number, unverified, name_of_account, published_by } = first;
  const { text, data } = edit ?? first;
  const { mentions } = edit?.reason === undefined ? (edit ?? first) : first;
  const quote = first.reply_to === undefined ? undefined : quotes?.get(first.reply_to);
  const isOpen = columns.openLength !== null;
  return {
    ...place,
    author_name,
    ...(author_number === undefined ? {} : { author_number }),
    text: isOpen ? openText : text,
    ...(data === undefined ? {} : { data }),
    ...written,
    ...(isOpen ? { open: true } : {}),
    ...(edit?.reason === undefined
      ? {}
      : { closed: edit.reason, closed_sequence: columns.shownSequence }),
    ...(editTime === null || edit?.reason !== undefined
      ? {}
      : { edited_at: new Date(editTime).toISOString() }),
    ...(reactions.length === 0 ? {} : { reactions: byKind(reactions) }),
    ...(first.forwarded === undefined ? {} : { forwarded: { message_id: first.forwarded } }),
    ...(first.poll === undefined ? {} : { poll: pollView(first.poll, tally) }),
    ...(columns.pin === null ? {} : { pinned: true }),
    ...(mentions === undefined ? {} : { mentions }),
    ...links,
    ...(quote === undefined ? {} : { reply_to: quote }),
    ...(unverified === undefined ? {} : { unverified }),
    ...(name_of_account === undefined ? {} : { name_of_account }),
    ...(published_by === undefined ? {} : { published_by }),
  };
}

function byKind(reactions: readonly ReactionColumns[]): NonNullable<MessageView["reactions"]> {
  const kinds = new Map<string, { emoji: string; count: number; users: UserId[] }>();
  for (const { emoji, count, user } of reactions) {
    const kind = kinds.get(emoji);
    if (kind === undefined) kinds.set(emoji, { emoji, count, users: [user] });
    else kind.users.push(user);
  }
  return [...kinds.values()];
}

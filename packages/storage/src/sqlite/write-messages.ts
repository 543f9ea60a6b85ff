/** The projections of messages: what each says now, who reacted, how much was written, and the erasure of what is deleted. */
import { messageTerms } from "@parlance/core/search";
import type {
  AnyDurableEvent,
  DurablePayloads,
  JsonObject,
  Mentions,
  RoomId,
  UserId,
} from "@parlance/protocol";
import { addPin, dropKept, dropPin, pinRefusal } from "../sql/keeping.ts";
import { dropMentions, indexMentions } from "../sql/mentions.ts";
import { dropPoll, endPoll, endRefusal, putVote, voteRefusal } from "../sql/polls.ts";
import { maxReactionKinds } from "../sql/reaction-kinds.ts";
import { addToThread } from "../sql/threads.ts";
import { writeControl } from "./control-log.ts";
import type { Database } from "./database.ts";
import { perform } from "./steps.ts";
import { outcomeCode } from "./thread-messages.ts";
import { beginText, closingRefusal, endText, openingRefusal } from "./write-open-texts.ts";

/** Where the event is that is being stored. */
export interface EventPlace {
  readonly room: string;
  readonly sequence: number;
  readonly id: string;
  readonly author: string;
  readonly principal: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** The part of the writer that keeps messages. All calls belong to one transaction until `finish`. */
export interface MessageWrites {
  /** Forgets what belongs to a transaction that was not finished. */
  begin(): void;
  /** Why an event cannot be stored; undefined if it can. */
  refusal(place: Omit<EventPlace, "sequence">, event: AnyDurableEvent): number | undefined;
  /** Follows one stored event. */
  project(place: EventPlace, event: AnyDurableEvent): void;
  /** Writes what is left to write: before the commit. */
  finish(): void;
  /** Whether something was erased since `begin`. */
  readonly hasErased: boolean;
}

export function createMessageWrites(database: Database): MessageWrites {
  /** Room, author, and by how many messages that author has more now. */
  const tallies = new Map<string, [string, string, number]>();
  let hasErased = false;

  const tally = (room: string, author: string, by: number): void => {
    const key = `${room} ${author}`;
    const known = tallies.get(key);
    if (known === undefined) tallies.set(key, [room, author, by]);
    else known[2] += by;
  };

  const erase = (place: EventPlace, message: string): void => {
    const row = database.get<{ sequence: number; author: string }>(
      "SELECT sequence, author FROM messages WHERE id = ?",
      message,
    );
    if (row === undefined) return;
    const edits = database.all<{ sequence: number }>(
      "SELECT sequence FROM edits WHERE message_id = ? ORDER BY sequence",
      message,
    );
    const sequences = [row.sequence, ...edits.map(({ sequence }) => sequence)];
    for (const sequence of sequences) {
      database.run(
        `UPDATE events SET payload = NULL, nonce = NULL, erased_at = ?
         WHERE room = ? AND sequence = ?`,
        place.time,
        place.room,
        sequence,
      );
    }
    database.run(
      "UPDATE messages SET terms = '', deleted_at = ? WHERE id = ?",
      place.time,
      message,
    );
    database.run("DELETE FROM reactions WHERE message_id = ?", message);
    perform(database, dropMentions(message));
    perform(database, dropKept(message));
    perform(database, dropPoll(message));
    endText(database, message);
    tally(place.room, row.author, -1);
    writeControl(database, { type: "message_erased", room: place.room, sequences }, place.time);
    hasErased = true;
  };

  const noteMentions = (
    id: string,
    room: string,
    author: string,
    mentions: Mentions | undefined,
  ): void => {
    if (mentions !== undefined) perform(database, indexMentions({ room, id, author }, mentions));
  };

  const showVersion = (
    { room, sequence }: EventPlace,
    { message_id: message, text, data }: DurablePayloads["message.edited" | "message.closed"],
  ): void => {
    const author = database.get<{ author: string }>(
      "SELECT author FROM messages WHERE id = ?",
      message,
    )?.author;
    database.run(
      "UPDATE messages SET shown_sequence = ?, terms = ? WHERE id = ?",
      sequence,
      termsOf(room, author ?? "", text, data),
      message,
    );
    database.run("INSERT INTO edits (message_id, sequence) VALUES (?, ?)", message, sequence);
  };

  const reactionRefusal = (
    author: string,
    { message_id: message, emoji }: DurablePayloads["reaction.removed"],
    on: boolean,
  ): number | undefined => {
    const isThere =
      database.get(
        "SELECT 1 FROM reactions WHERE message_id = ? AND emoji = ? AND user = ?",
        message,
        emoji,
        author,
      ) !== undefined;
    if (isThere === on) return outcomeCode.unchanged;
    if (!on) return undefined;
    const isKnown = database.get(
      "SELECT 1 FROM reactions WHERE message_id = ? AND emoji = ? LIMIT 1",
      message,
      emoji,
    );
    if (isKnown !== undefined) return undefined;
    const row = database.get<{ kinds: number }>(
      "SELECT count(DISTINCT emoji) AS kinds FROM reactions WHERE message_id = ?",
      message,
    );
    return (row?.kinds ?? 0) < maxReactionKinds ? undefined : outcomeCode.full;
  };

  return {
    begin: () => {
      tallies.clear();
      hasErased = false;
    },

    get hasErased() {
      return hasErased;
    },

    refusal: ({ room, author, principal }, event) => {
      if (event.type === "message.created" && event.data.open === true) {
        return openingRefusal(database, principal);
      }
      if (!("message_id" in event.data)) return undefined;
      const message = database.get(
        "SELECT 1 FROM messages WHERE id = ? AND room = ? AND deleted_at IS NULL",
        event.data.message_id,
        room,
      );
      if (message === undefined) return outcomeCode.gone;
      if (event.type === "message.closed") return closingRefusal(database, room, event.data);
      if (event.type === "reaction.added") return reactionRefusal(author, event.data, true);
      if (event.type === "reaction.removed") return reactionRefusal(author, event.data, false);
      if (event.type === "message.pinned" || event.type === "message.unpinned") {
        const on = event.type === "message.pinned";
        const reason = perform(database, pinRefusal(room, event.data.message_id, on));
        return reason === undefined ? undefined : outcomeCode[reason];
      }
      if (event.type === "poll.voted" || event.type === "poll.closed") {
        const reason = perform(
          database,
          event.type === "poll.voted"
            ? voteRefusal(principal, event.data)
            : endRefusal(event.data.message_id),
        );
        return reason === undefined ? undefined : outcomeCode[reason];
      }
      return undefined;
    },

    project: (place, event) => {
      switch (event.type) {
        case "message.created":
          database.run(
            `INSERT INTO messages (number, id, room, sequence, author, terms, shown_sequence, time)
             VALUES ((SELECT coalesce(max(number), 0) + 1 FROM messages), ?, ?, ?, ?, ?, ?, ?)`,
            place.id,
            place.room,
            place.sequence,
            place.author,
            termsOf(place.room, place.author, event.data.text, event.data.data),
            place.sequence,
            place.time,
          );
          tally(place.room, place.author, 1);
          if (event.data.thread !== undefined) {
            perform(database, addToThread({ ...place, root: event.data.thread }));
          }
          noteMentions(place.id, place.room, place.author, event.data.mentions);
          if (event.data.open === true) {
            beginText(database, place, place.principal, event.data.text);
          }
          return;
        case "message.closed":
          endText(database, event.data.message_id);
          showVersion(place, event.data);
          return;
        case "message.edited":
          showVersion(place, event.data);
          perform(database, dropMentions(event.data.message_id));
          noteMentions(event.data.message_id, place.room, place.author, event.data.mentions);
          return;
        case "message.deleted":
          erase(place, event.data.message_id);
          return;
        case "reaction.added":
          database.run(
            `INSERT INTO reactions (message_id, emoji, user, room, sequence)
             VALUES (?, ?, ?, ?, ?)`,
            event.data.message_id,
            event.data.emoji,
            place.author,
            place.room,
            place.sequence,
          );
          return;
        case "reaction.removed":
          database.run(
            "DELETE FROM reactions WHERE message_id = ? AND emoji = ? AND user = ?",
            event.data.message_id,
            event.data.emoji,
            place.author,
          );
          return;
        case "message.pinned":
          perform(database, addPin(event.data.message_id, place));
          return;
        case "poll.voted":
          perform(database, putVote(place.principal, place, event.data));
          return;
        case "poll.closed":
          perform(database, endPoll(event.data.message_id, place.room, place.sequence));
          return;
        case "message.unpinned":
          perform(database, dropPin(event.data.message_id));
          return;
        case "document.edited":
        case "document.updated":
        case "document.named":
        case "member.joined":
        case "member.left":
        case "call.started":
        case "call.answered":
        case "call.left":
        case "call.ended":
        case "file.shared":
        case "file.deleted":
        case "room.updated":
        case "member.role_changed":
        case "member.banned":
        case "member.unbanned":
        case "invite.created":
        case "invite.revoked":
        case "join.requested":
        case "join.refused":
          return;
        default:
          event satisfies never;
      }
    },

    finish: () => {
      for (const [room, author, by] of tallies.values()) {
        database.run(
          `INSERT INTO room_authors (room, author, messages) VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET messages = messages + excluded.messages`,
          room,
          author,
          by,
        );
      }
      tallies.clear();
    },
  };
}

function termsOf(room: string, author: string, text: string, data: JsonObject | undefined): string {
  const place = { room: room as RoomId, author: author as UserId };
  return messageTerms({ ...place, text, ...(data === undefined ? {} : { data }) });
}

/** Why an event about a message cannot be stored. */
import type { Append } from "@parlance/core";
import type { AnyDurableEvent, DurablePayloads } from "@parlance/protocol";
import { pinRefusal } from "../sql/keeping.ts";
import { endRefusal, voteRefusal } from "../sql/polls.ts";
import { maxReactionKinds } from "../sql/reaction-kinds.ts";
import { inviteRefusal } from "./entrance-events.ts";
import { closingRefusal, opensTooMany } from "./open-texts.ts";
import type { EngineSql, Session } from "./session.ts";
import { perform } from "./steps.ts";

export type MessageRefusal = "gone" | "unchanged" | "full" | "moved";

/** @returns undefined if nothing is in the way. Whatever the transaction stored before must be written by then. */
export async function messageRefusal(
  session: Session,
  sql: EngineSql,
  { room, author, principal, time }: Append,
  event: AnyDurableEvent,
): Promise<MessageRefusal | undefined> {
  if (event.type === "message.created" && event.data.open === true) {
    return (await opensTooMany(session, principal)) ? "full" : undefined;
  }
  if (event.type === "member.joined") return inviteRefusal(session, room, time, event.data);
  if (!("message_id" in event.data)) return undefined;
  const message = await session.get(
    "SELECT 1 AS found FROM {messages} WHERE id = ? AND room = ? AND deleted_at IS NULL",
    event.data.message_id,
    room,
  );
  if (message === undefined) return "gone";
  if (event.type === "message.closed") return closingRefusal(session, sql, room, event.data);
  if (event.type === "reaction.added") return reactionRefusal(session, author, event.data, true);
  if (event.type === "reaction.removed") return reactionRefusal(session, author, event.data, false);
  if (event.type === "message.pinned" || event.type === "message.unpinned") {
    const on = event.type === "message.pinned";
    return perform(session, pinRefusal(room, event.data.message_id, on));
  }
  if (event.type === "poll.voted") return perform(session, voteRefusal(principal, event.data));
  if (event.type === "poll.closed") return perform(session, endRefusal(event.data.message_id));
  return undefined;
}

async function reactionRefusal(
  session: Session,
  author: string,
  { message_id: message, emoji }: DurablePayloads["reaction.removed"],
  on: boolean,
): Promise<MessageRefusal | undefined> {
  const own = await session.get(
    "SELECT 1 AS found FROM {reactions} WHERE message_id = ? AND emoji = ? AND user_id = ?",
    message,
    emoji,
    author,
  );
  if ((own !== undefined) === on) return "unchanged";
  if (!on) return undefined;
  const known = await session.get(
    "SELECT 1 AS found FROM {reactions} WHERE message_id = ? AND emoji = ? LIMIT 1",
    message,
    emoji,
  );
  if (known !== undefined) return undefined;
  const row = await session.get<{ kinds: number }>(
    "SELECT count(DISTINCT emoji) AS kinds FROM {reactions} WHERE message_id = ?",
    message,
  );
  return (row?.kinds ?? 0) < maxReactionKinds ? undefined : "full";
}

/** Polls: what is written of one, votes, and the end of voting. */
import {
  type Command,
  limits,
  type MessageView,
  type Poll,
  type PollClosed,
  type PollView,
  type PollWish,
  ProtocolError,
  type UserId,
  type Voted,
} from "@parlance/protocol";
import { appendOrLeave, authorizeIn, relevantRole } from "../append.ts";
import { allows, authorize } from "../authorize.ts";
import type { MessagePlace } from "../ports/index.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { readMessages } from "./message-views.ts";
import { findIn, isAuthor } from "./messages.ts";

/** How often a vote is tried again where the same person votes by another connection meanwhile. */
const maxMoved = 8;
/** Whom an anonymous vote shows as its author. */
const nobody = "anonymous:vote" as UserId;

/**
 * What a message that asks says: the poll, and the text for those who know no polls.
 *
 * @throws ProtocolError `too_large` where question and choices are longer than a text may be.
 */
export function asked(
  question: string,
  wish: PollWish,
): { readonly text: string; readonly poll: Poll } {
  const lines = wish.options.map((option, place) => `${place + 1}. ${option}`);
  const text = `${question}\n\n${lines.join("\n")}`;
  if (text.length > limits.textLength) {
    throw new ProtocolError("too_large", { field: "text", limit: limits.textLength });
  }
  return { text, poll: { question, ...wish } };
}

/** Chooses in a poll, instead of what the caller chose before. */
export async function vote(context: CommandContext, command: Command<"vote">): Promise<Voted> {
  const { identity, services } = context;
  // They are somebody else with every connection, and would vote as often.
  if (identity.isAnonymous === true) throw new ProtocolError("unauthenticated");
  const room = await services.rooms.open(command.room);
  const mayVote = async (): Promise<void> => authorizeIn(context, "write", room);
  await mayVote();
  await mayEnter(context, room);
  const place = await findIn(context, command.room, command.message_id);
  const choices = [...command.choices].sort((left, right) => left - right);
  for (let attempt = 0; attempt < maxMoved; attempt += 1) {
    const poll = await openPoll(context, room, place);
    mustFit(poll, choices);
    const own = await services.directory.ownVotes(identity.principal, [place.id]);
    const data = { message_id: place.id, before: own.get(place.id) ?? [], choices };
    const wanted =
      poll.anonymous === true
        ? { event: { type: "poll.voted", data } as const, author: nobody }
        : { event: { type: "poll.voted", data: { ...data, user_name: identity.name } } as const };
    const appended = await appendOrLeave(context, room, wanted, mayVote);
    if (appended.outcome === "moved") continue;
    const voted: Voted = {
      room: command.room,
      epoch: appended.epoch,
      message_id: place.id,
      choices,
      ...(appended.outcome === "stored" ? { sequence: appended.sequence } : {}),
    };
    services.tellOwn(identity.user, { what: "vote", vote: voted });
    return voted;
  }
  throw new ProtocolError("unavailable", { retry_after_ms: 100 });
}

function mustFit({ options, several }: PollView, choices: readonly number[]): void {
  const isThere = choices.every((choice) => choice < options.length);
  if (isThere && (several === true || choices.length <= 1)) return;
  throw new ProtocolError("bad_request", { field: "choices" });
}

/** @throws ProtocolError `not_found` where the message does not ask, `conflict` where voting is over. */
async function openPoll(
  context: CommandContext,
  room: Room,
  { id }: Pick<MessagePlace, "id">,
): Promise<PollView> {
  const poll = (await viewOf(context, room, id)).poll;
  if (poll === undefined) throw new ProtocolError("not_found");
  const isOver =
    poll.closed === true ||
    (poll.closes_at !== undefined && Date.parse(poll.closes_at) <= context.services.clock.now());
  if (isOver) throw new ProtocolError("conflict", { field: "poll" });
  return poll;
}

async function viewOf(
  context: CommandContext,
  room: Room,
  id: MessagePlace["id"],
): Promise<MessageView> {
  const query = { room: room.record.room, ids: [id], limit: 1 };
  const [view] = (await readMessages(context, room, query)).messages;
  if (view === undefined) throw new ProtocolError("not_found");
  return view;
}

/** Ends a poll: its author while it may write, and whoever manages the room. */
export async function closePoll(
  context: CommandContext,
  command: Command<"close_poll">,
): Promise<PollClosed> {
  const room = await context.services.rooms.open(command.room);
  const { identity } = context;
  const place = await findIn(context, command.room, command.message_id);
  const mayClose = async (): Promise<void> => {
    const role =
      (await relevantRole(context, "manage", room)) ?? (await relevantRole(context, "write", room));
    if (allows(identity, "manage", room.record, role)) return;
    authorize(identity, "write", room.record, role);
    if (!isAuthor(context, place)) throw new ProtocolError("forbidden");
  };
  await mayClose();
  if ((await viewOf(context, room, place.id)).poll === undefined) {
    throw new ProtocolError("not_found");
  }
  const data = { message_id: place.id, by: identity.user };
  const event = { type: "poll.closed", data } as const;
  const appended = await appendOrLeave(context, room, { event }, mayClose);
  if (appended.outcome === "moved") throw new Error("only votes and closings are overtaken");
  return {
    room: command.room,
    epoch: appended.epoch,
    message_id: place.id,
    ...(appended.outcome === "stored" ? { sequence: appended.sequence } : {}),
  };
}

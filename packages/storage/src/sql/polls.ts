/** Votes in SQL that all engines understand. A vote is a row for each choice; whose it is is the principal, also where nobody is told. */
import type {
  DurablePayloads,
  EventId,
  Poll,
  PollView,
  Principal,
  UserId,
} from "@parlance/protocol";
import { all, type DirectorySteps, first, run, type Steps } from "./statements.ts";

/** People named with a choice: `limits.reactionUsers`, which storage threads do not load. */
const namedVoters = 50;
/** The author of an event of a vote that nobody is told of. */
const nobody = "anonymous:vote";

/** How a poll stands. */
export interface PollTally {
  /** By place in its options; those that nobody chose are absent. */
  readonly choices: ReadonlyMap<number, { readonly votes: number; readonly users: UserId[] }>;
  readonly voters: number;
  readonly isClosed: boolean;
}

/** Why a vote cannot be stored; undefined if it can. */
export function* voteRefusal(
  voter: string,
  { message_id: id, before, choices }: DurablePayloads["poll.voted"],
): Steps<"gone" | "moved" | "unchanged" | undefined> {
  if (yield* isClosed(id)) return "gone";
  const rows = yield* all<{ choice: number }>(
    "SELECT choice FROM {poll_votes} WHERE message_id = ? AND voter = ? ORDER BY choice",
    id,
    voter,
  );
  const present = rows.map(({ choice }) => Number(choice)).join();
  if (present !== before.join()) return "moved";
  return present === choices.join() ? "unchanged" : undefined;
}

/** Follows one stored vote. */
export function* putVote(
  voter: string,
  { room, author, sequence }: { room: string; author: string; sequence: number },
  { message_id: id, choices }: DurablePayloads["poll.voted"],
): Steps<void> {
  yield* run("DELETE FROM {poll_votes} WHERE message_id = ? AND voter = ?", id, voter);
  for (const choice of choices) {
    yield* run(
      `INSERT INTO {poll_votes} (message_id, voter, choice, room, person, sequence)
       VALUES (?, ?, ?, ?, ?, ?)`,
      id,
      voter,
      choice,
      room,
      author === nobody ? null : author,
      sequence,
    );
  }
}

/** Why a poll cannot be ended; undefined if it can. */
export function* endRefusal(id: string): Steps<"unchanged" | undefined> {
  return (yield* isClosed(id)) ? "unchanged" : undefined;
}

/** Follows the end of a poll. */
export function* endPoll(id: string, room: string, sequence: number): Steps<void> {
  yield* run(
    "INSERT INTO {poll_ends} (message_id, room, sequence) VALUES (?, ?, ?)",
    id,
    room,
    sequence,
  );
}

/** The message was deleted. */
export function* dropPoll(id: string): Steps<void> {
  yield* run("DELETE FROM {poll_votes} WHERE message_id = ?", id);
  yield* run("DELETE FROM {poll_ends} WHERE message_id = ?", id);
}

function* isClosed(id: string): Steps<boolean> {
  return (
    (yield* first("SELECT 1 AS found FROM {poll_ends} WHERE message_id = ?", id)) !== undefined
  );
}

/** How the polls among these messages stand. @param rows With payloads: most have no poll, and are not asked about. */
export function* talliesOf(
  rows: readonly { readonly id: EventId; readonly payload: string | null }[],
): Steps<ReadonlyMap<EventId, PollTally>> {
  const ids = rows.flatMap(({ id, payload }) =>
    payload?.includes('"poll":{') === true ? [id] : [],
  );
  if (ids.length === 0) return new Map();
  const votes = yield* all<{
    message_id: EventId;
    choice: number;
    person: UserId | null;
    votes: number;
  }>(
    `SELECT message_id, choice, person, votes FROM (
       SELECT message_id, choice, person,
         row_number() OVER (PARTITION BY message_id, choice ORDER BY sequence) AS place,
         count(*) OVER (PARTITION BY message_id, choice) AS votes
       FROM {poll_votes} WHERE message_id IN (?*)) counted
     WHERE place <= ? ORDER BY message_id, choice, place`,
    ids,
    namedVoters,
  );
  const voters = yield* all<{ message_id: EventId; voters: number }>(
    `SELECT message_id, count(DISTINCT voter) AS voters FROM {poll_votes}
     WHERE message_id IN (?*) GROUP BY message_id`,
    ids,
  );
  const ends = yield* all<{ message_id: EventId }>(
    "SELECT message_id FROM {poll_ends} WHERE message_id IN (?*)",
    ids,
  );
  return new Map(
    ids.map((id) => {
      const choices = new Map<number, { votes: number; users: UserId[] }>();
      for (const row of votes) {
        if (row.message_id !== id) continue;
        const choice = Number(row.choice);
        const known = choices.get(choice) ?? { votes: Number(row.votes), users: [] };
        if (row.person !== null) known.users.push(row.person);
        choices.set(choice, known);
      }
      const counted = voters.find((row) => row.message_id === id)?.voters ?? 0;
      const isEnded = ends.some((row) => row.message_id === id);
      return [id, { choices, voters: Number(counted), isClosed: isEnded }];
    }),
  );
}

/** A poll as readers get it. */
export function pollView(poll: Poll, tally: PollTally | undefined): PollView {
  const { options, ...asked } = poll;
  return {
    ...asked,
    options: options.map((text, place) => {
      const { votes = 0, users = [] } = tally?.choices.get(place) ?? {};
      return { text, votes, ...(poll.anonymous === true ? {} : { users }) };
    }),
    ...(tally?.isClosed === true ? { closed: true } : {}),
    voters: tally?.voters ?? 0,
  };
}

function* ownVotes(
  voter: Principal,
  ids: readonly EventId[],
): Steps<ReadonlyMap<EventId, readonly number[]>> {
  if (ids.length === 0) return new Map();
  const rows = yield* all<{ message_id: EventId; choice: number }>(
    `SELECT message_id, choice FROM {poll_votes}
     WHERE voter = ? AND message_id IN (?*) ORDER BY message_id, choice`,
    voter,
    ids,
  );
  const byMessage = Map.groupBy(rows, (row) => row.message_id);
  return new Map(
    [...byMessage].map(([id, votes]) => [id, votes.map(({ choice }) => Number(choice))]),
  );
}

export type PollReadName = "ownVotes";
export const pollReads: DirectorySteps<PollReadName> = { ownVotes };

/** How a poll stands, from the events of a room laid over what was read. Pure. */
import type { DurableEvent, PollView } from "@parlance/client";

/** A poll as it is shown. */
export interface PollShown {
  readonly question: string;
  readonly options: readonly PollOption[];
  readonly isSeveral: boolean;
  readonly isAnonymous: boolean;
  /** ISO 8601. */
  readonly closesAt: string | undefined;
  readonly isClosed: boolean;
  readonly voters: number;
  /** What the reader chose, as far as events and views tell; undefined: not known. */
  readonly mine: readonly number[] | undefined;
}
export interface PollOption {
  readonly text: string;
  readonly votes: number;
  /** Names of those who chose it, as far as they are known; an id where only that is. */
  readonly names: readonly string[];
}

/** As the message was first written. */
export function newPoll(
  poll: NonNullable<DurableEvent<"message.created">["data"]["poll"]>,
): PollShown {
  return {
    question: poll.question,
    options: poll.options.map((text) => ({ text, votes: 0, names: [] })),
    isSeveral: poll.several === true,
    isAnonymous: poll.anonymous === true,
    closesAt: poll.closes_at,
    isClosed: false,
    voters: 0,
    mine: undefined,
  };
}

/** As it was read. */
export function readPoll(view: PollView): PollShown {
  return {
    question: view.question,
    options: view.options.map(({ text, votes }) => ({ text, votes, names: [] })),
    isSeveral: view.several === true,
    isAnonymous: view.anonymous === true,
    closesAt: view.closes_at,
    isClosed: view.closed === true,
    voters: view.voters,
    mine: view.mine,
  };
}

/** After somebody chose anew. @param me Id of the reader. */
export function afterVote(
  poll: PollShown,
  event: DurableEvent<"poll.voted">,
  me: string,
): PollShown {
  const { before, choices, user_name: name = "" } = event.data;
  const came = before.length === 0 && choices.length > 0 ? 1 : 0;
  const went = before.length > 0 && choices.length === 0 ? 1 : 0;
  return {
    ...poll,
    options: poll.options.map((option, place) => {
      const was = before.includes(place);
      const is = choices.includes(place);
      if (was === is) return option;
      const others = option.names.filter((one) => one !== name);
      const names = is && name !== "" ? [...others, name] : others;
      return { ...option, votes: option.votes + (is ? 1 : -1), names };
    }),
    voters: poll.voters + came - went,
    mine: event.author === me ? choices : poll.mine,
  };
}

/** Whether nobody votes any more. @param now Milliseconds since the epoch. */
export function isOver({ isClosed, closesAt }: PollShown, now: number): boolean {
  return isClosed || (closesAt !== undefined && Date.parse(closesAt) <= now);
}

/** What is chosen once an option was pressed. */
export function chosenAfter(
  { isSeveral }: Pick<PollShown, "isSeveral">,
  mine: readonly number[],
  place: number,
): readonly number[] {
  if (mine.includes(place)) return mine.filter((one) => one !== place);
  return isSeveral ? [...mine, place].sort((left, right) => left - right) : [place];
}

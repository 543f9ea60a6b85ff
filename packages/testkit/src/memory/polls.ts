/** Votes of a memory store, folded from the events whenever somebody asks. */
import type { PollVotes } from "@parlance/core";
import type { EventId, Poll, PollView, Principal, UserId } from "@parlance/protocol";
import type { MemoryRoom, MemoryState } from "./state.ts";

interface Ballot {
  readonly author: UserId;
  readonly choices: readonly number[];
}

interface Polled {
  /** The one who chose last at the end. */
  readonly ballots: Map<Principal, Ballot>;
  isClosed: boolean;
}

/** All that was chosen in one poll. */
export function polledIn(room: MemoryRoom, id: EventId): Polled {
  const polled: Polled = { ballots: new Map(), isClosed: false };
  for (const { frame, principal } of room.events) {
    if ("erased" in frame) continue;
    if (frame.type === "poll.voted" && frame.data.message_id === id) {
      const { choices } = frame.data;
      polled.ballots.delete(principal);
      if (choices.length > 0) polled.ballots.set(principal, { author: frame.author, choices });
    } else if (frame.type === "poll.closed" && frame.data.message_id === id) polled.isClosed = true;
  }
  return polled;
}

/** A poll as readers get it. */
export function pollAsItStands(room: MemoryRoom, id: EventId, poll: Poll): PollView {
  const { ballots, isClosed } = polledIn(room, id);
  const { options, ...asked } = poll;
  return {
    ...asked,
    options: options.map((text, place) => {
      const chosen = [...ballots.values()].filter(({ choices }) => choices.includes(place));
      const users = chosen.map(({ author }) => author).slice(0, 50);
      return {
        text,
        votes: chosen.length,
        ...(poll.anonymous === true ? {} : { users }),
      };
    }),
    ...(isClosed ? { closed: true as const } : {}),
    voters: ballots.size,
  };
}

/** As `PollVotes` promises. */
export function createMemoryPolls(state: MemoryState): PollVotes {
  return {
    ownVotes: async (voter, ids) => {
      const own = new Map<EventId, readonly number[]>();
      for (const room of state.rooms.values()) {
        for (const id of ids) {
          const isDeleted = room.events.some(({ frame }) => frame.id === id && "erased" in frame);
          const ballot = polledIn(room, id).ballots.get(voter);
          if (ballot !== undefined && !isDeleted) own.set(id, ballot.choices);
        }
      }
      return own;
    },
  } satisfies PollVotes;
}

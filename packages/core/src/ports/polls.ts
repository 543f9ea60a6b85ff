import type { EventId, Principal } from "@parlance/protocol";

/** What people chose. Kept by the events of the rooms' logs. Same errors as `RoomLog`. */
export interface PollVotes {
  /** What one has chosen in these polls, ascending; those without a vote are absent. */
  ownVotes(
    voter: Principal,
    ids: readonly EventId[],
  ): Promise<ReadonlyMap<EventId, readonly number[]>>;
}

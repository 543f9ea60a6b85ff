import type { MessageView, RoomId, RoomKind, UserId } from "@parlance/protocol";
import type { Clause } from "../search/clauses.ts";
import type { SearchFeature } from "../search/terms.ts";

/** Finds messages by what they say now. */
export interface Search {
  /**
   * Messages that have all of what is asked, the newest first: by the time they were written, of the same time by the number.
   * Whether somebody may see one is decided in the same snapshot, so nothing of other rooms is found, counted or told by its place.
   * Never waited for by a write.
   *
   * @throws StorageError `none` also where it takes too long.
   */
  search(query: SearchQuery): Promise<SearchPage>;
}

export interface SearchQuery {
  /** Absent: all. */
  readonly within?: ReadableRooms;
  /** Only these, one of them at least. Absent: all. */
  readonly rooms?: readonly RoomId[];
  readonly clauses: readonly Clause[];
  /** By one of these, one at least. Absent: by anybody. */
  readonly authors?: readonly UserId[];
  /** All of these. Beside clauses, rooms, authors and features other than reactions there must be one thing at least. */
  readonly has: readonly SearchFeature[];
  /** Written at this time or later, and before. Milliseconds since 1970. */
  readonly after?: number;
  readonly before?: number;
  /** Behind this one, in the order of results. */
  readonly behind?: SearchPlace;
  /** At most so many, above 0. */
  readonly limit: number;
}

/** A message's place in the order of results. */
export interface SearchPlace {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** `MessageView.number`. */
  readonly number: number;
}

/** Rooms that somebody may read, as facts that a database can look up. */
export interface ReadableRooms {
  /** All rooms of these kinds. */
  readonly kinds: readonly RoomKind[];
  /** Rooms of these kinds that the user is a member of. */
  readonly joined: readonly RoomKind[];
  readonly user: UserId;
  /** These. */
  readonly own: readonly RoomId[];
}

export interface SearchPage {
  /** Ready for readers. */
  readonly messages: readonly MessageView[];
  /** Whether there are more behind them. */
  readonly hasMore: boolean;
}

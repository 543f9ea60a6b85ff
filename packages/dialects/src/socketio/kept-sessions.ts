/**
 * What is remembered of connections that were lost, so that their clients go on where they were. Where a client is in
 * a room that its last event did not come from, only the order in which things were sent tells; that is kept here, on
 * the node that sent them, for a while. Other nodes, and this one later, know the places that were stored.
 */
import type { Clock } from "@parlance/core";
import type { Position, RoomId, UserId } from "@parlance/protocol";
import { placeOf, type RoomPlace } from "./place.ts";

/** As long as the library's own default. */
const keptMs = 120_000;
const maxSessions = 10_000;

/** A connection as it was when it was lost. */
export interface KeptSession {
  readonly user: UserId;
  /** Where it surely was in each of its rooms. */
  readonly places: ReadonlyMap<RoomId, Position>;
  /** What was sent beyond, in order; undefined where that is not known. */
  readonly sent: readonly RoomPlace[] | undefined;
  /** Rooms of the user that the client left by its own wish. */
  readonly left: ReadonlySet<RoomId>;
  /** Whom the client believes to be online. */
  readonly online: ReadonlySet<UserId>;
}

export class KeptSessions {
  readonly #clock: Clock;
  readonly #sessions = new Map<string, { readonly session: KeptSession; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep(name: string, session: KeptSession): void {
    const now = this.#clock.monotonic();
    this.#sessions.delete(name);
    this.#sessions.set(name, { session, until: now + keptMs });
    for (const [oldest, { until }] of this.#sessions) {
      if (until > now && this.#sessions.size <= maxSessions) break;
      this.#sessions.delete(oldest);
    }
  }

  /** Once; of another user it is as if there were none. */
  take(name: string, user: UserId): KeptSession | undefined {
    const kept = this.#sessions.get(name);
    if (kept === undefined || kept.session.user !== user) return undefined;
    this.#sessions.delete(name);
    return kept.until > this.#clock.monotonic() ? kept.session : undefined;
  }
}

/** The places that packets end in. */
export function placesSent(packets: readonly string[]): RoomPlace[] {
  return packets.flatMap((packet) => placeOf(packet) ?? []);
}

/**
 * Where a client is in each room.
 *
 * @param kept Of this node, if it has it. Exact for every room.
 * @param stored By whatever node had the client last: surely received, perhaps with more.
 * @param last The place that the client's last event ended in; undefined if it got none.
 * @returns undefined where nothing is known of it.
 */
export function placesOf(
  kept: KeptSession | undefined,
  stored: ReadonlyMap<RoomId, Position>,
  last: RoomPlace | undefined,
): ReadonlyMap<RoomId, Position> | undefined {
  if (kept === undefined && stored.size === 0) return undefined;
  const places = new Map(kept?.places ?? stored);
  for (const [room, position] of stored) {
    const known = places.get(room);
    if (known?.epoch === position.epoch && known.offset < position.offset) {
      places.set(room, position);
    }
  }
  if (last === undefined) return places;
  // It was in that room, and nobody noted it: then other rooms may be missing as well.
  if (!places.has(last.room)) return undefined;
  const sent = kept?.sent ?? [];
  const end = sent.findLastIndex(
    ({ room, sequence }) => room === last.room && sequence === last.sequence,
  );
  for (const { room, sequence } of sent.slice(0, end + 1)) {
    const known = places.get(room);
    if (known !== undefined && known.offset < sequence) {
      places.set(room, { ...known, offset: sequence });
    }
  }
  const known = places.get(last.room);
  if (known !== undefined) places.set(last.room, { ...known, offset: last.sequence });
  return places;
}

import type { CopySource } from "./end.ts";
import { chunkRows } from "./end.ts";

/** What is asked of both sides. */
type Compared = Pick<CopySource, "roomStates">;

/**
 * Rooms that are not the same in two databases: whose place, floor, revision, epoch or chain of hashes differ, or that only
 * one of them has.
 *
 * @param rooms Only these; all if absent.
 */
export async function differingRooms(
  one: Compared,
  other: Compared,
  signal: AbortSignal,
  rooms?: readonly string[],
): Promise<string[]> {
  const differing: string[] = [];
  if (rooms !== undefined) {
    for (let at = 0; at < rooms.length; at += chunkRows) {
      const some = rooms.slice(at, at + chunkRows);
      const [a, b] = await Promise.all([statesOf(one, some), statesOf(other, some)]);
      differing.push(...some.filter((room) => a.get(room) !== b.get(room)));
    }
    return differing;
  }
  const [a, b] = await Promise.all([allStates(one, signal), allStates(other, signal)]);
  for (const [room, state] of a) {
    if (b.get(room) !== state) differing.push(room);
    b.delete(room);
  }
  return [...differing, ...b.keys()];
}

async function statesOf(side: Compared, rooms: readonly string[]): Promise<Map<string, string>> {
  const states = await side.roomStates({ rooms });
  return new Map(states.map(({ room, state }) => [room, state]));
}

async function allStates(side: Compared, signal: AbortSignal): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (let after = ""; ; ) {
    signal.throwIfAborted();
    const page = await side.roomStates({ after });
    for (const { room, state } of page) all.set(room, state);
    const last = page.at(-1);
    if (last === undefined) return all;
    after = last.room;
  }
}

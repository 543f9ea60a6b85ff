/** The kept states of a document: what its log has no more, and what it said earlier. */
import type { Config } from "@parlance/server";
import { CommandFailure } from "../output.ts";
import { askAsOperator, silent } from "../running.ts";

/** The largest document takes a while. */
const stateMs = 120_000;

/** A line of an export. */
export interface StateLine {
  readonly sequence: number;
}

/** Newest first, those up to a sequence. */
export async function* statesOf(
  config: Config,
  room: string,
  upTo: number,
): AsyncIterable<StateLine> {
  for (let before = upTo + 1; ; ) {
    const path = `/rooms/${encodeURIComponent(room)}/document-state?before=${before}`;
    const answer = await askAsOperator(config, "GET", path, undefined, stateMs);
    if (answer === undefined) throw silent(config);
    const [state] = (answer.body as { readonly items: readonly StateLine[] }).items;
    if (state === undefined) return;
    yield state;
    before = state.sequence;
  }
}

/**
 * The oldest state that has all erased updates.
 *
 * @param head Of the room, as it is exported.
 * @param erasedTo Sequence of the last erased update.
 * @throws CommandFailure where none up to the head has.
 */
export async function stateOfErased(
  config: Config,
  room: string,
  head: number,
  erasedTo: number,
): Promise<StateLine> {
  let found: StateLine | undefined;
  for await (const state of statesOf(config, room, head)) {
    if (state.sequence < erasedTo) break;
    found = state;
  }
  if (found === undefined) throw compactedMeanwhile(room);
  return found;
}

export function compactedMeanwhile(room: string): CommandFailure {
  return new CommandFailure(`${room}: the document was compacted meanwhile. Export it again.`);
}

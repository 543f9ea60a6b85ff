/** Keeps the state of one job as its room's log has it: what is so far, then each event, over every reconnect. */
import type { EventFrame } from "@parlance/client";
import { foldJob, type JobState, noJob, stateOfJob } from "@parlance/jobs";
import type { Lease } from "./connections.ts";

/** How things stand with the server. */
export type JobLink =
  | "connecting"
  | "online"
  /** The line is down; the SDK tries again. */
  | "away"
  /** There is no such room for this reader, or not yet: it is asked for again. */
  | "absent"
  /** The server ended it for good: a token that is not accepted, for instance. */
  | "refused";

/** Who is told. */
export interface JobListener {
  /** The state changed; once for all that was there before. */
  onState(state: JobState): void;
  onLink(link: JobLink): void;
}

/** Events of one page, and how many pages are looked back for the last message that tells the state. */
const pageEvents = 200;
const maxPages = 10;
/** What was refused is asked for again after so long, each time twice as long up to the most. */
const firstWaitMs = 1_000;
const mostWaitMs = 30_000;

/** Follows until the returned function is called. The job's end is not the end of following; the caller may make it so. */
export function followJob({ client, room }: Lease, listener: JobListener): () => void {
  let state = noJob;
  /** The last event in `state`; undefined while what is so far is being read. */
  let folded: number | undefined;
  let held: EventFrame[] = [];
  let turn = 0;
  let waitMs = firstWaitMs;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const take = (event: EventFrame): void => {
    if (folded === undefined) {
      held.push(event);
      return;
    }
    if (event.sequence <= folded) return;
    folded = event.sequence;
    const next = foldJob(state, event);
    if (next === state) return;
    state = next;
    listener.onState(state);
  };

  const load = async (): Promise<void> => {
    turn += 1;
    const mine = turn;
    folded = undefined;
    held = [];
    try {
      const { state: found, last } = await readSoFar(room);
      if (mine !== turn) return;
      state = found;
      folded = last;
      listener.onState(state);
      for (const event of held.splice(0)) take(event);
    } catch {
      if (mine === turn) later(() => void load());
    }
  };

  // A refusal is told as an event, too.
  const begin = (): void => void room.subscribe().catch(() => undefined);
  const later = (act: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(act, waitMs);
    waitMs = Math.min(mostWaitMs, waitMs * 2);
  };

  const tellLink = (): void => listener.onLink(linkOf(client.state.status));
  const unlisten = [
    client.on("state", tellLink),
    room.on("event", take),
    room.on("reset", () => void load()),
    room.on("subscribed", () => {
      waitMs = firstWaitMs;
      tellLink();
      // After a break the events that were missed follow by themselves; what was never read is read now.
      if (folded === undefined) void load();
    }),
    room.on("unsubscribed", () => {
      turn += 1;
      folded = undefined;
      listener.onLink("absent");
      later(begin);
    }),
  ];
  tellLink();
  begin();
  // Another element follows the room already: it will not be told again that it is subscribed.
  if (room.subscription !== undefined) void load();

  return () => {
    turn += 1;
    clearTimeout(timer);
    for (const stop of unlisten) stop();
  };
}

/** The state by the newest message that tells one. */
async function readSoFar(
  room: Lease["room"],
): Promise<{ readonly state: JobState; readonly last: number }> {
  const newest = await room.history({ limit: pageEvents });
  let state = stateOfJob(newest.events);
  let first = newest.events[0]?.sequence ?? 0;
  for (let pages = 1; pages < maxPages && state.status === "waiting"; pages += 1) {
    if (first <= newest.floor + 1) break;
    const older = await room.history({ before: first, limit: pageEvents });
    state = stateOfJob(older.events);
    first = older.events[0]?.sequence ?? 0;
  }
  return { state, last: newest.events.at(-1)?.sequence ?? newest.head };
}

function linkOf(status: Lease["client"]["state"]["status"]): JobLink {
  switch (status) {
    case "idle":
    case "connecting":
      return "connecting";
    case "online":
      return "online";
    case "waiting":
      return "away";
    case "closed":
      return "refused";
    default:
      return status satisfies never;
  }
}

/**
 * The state of a job is a fold of its room's log (`docs/protocol/jobs.md`). Pure, so that every reader who has the same
 * events shows the same: one who watched from the beginning and one who has just come.
 */

/** How far a job is. `progress` is 0-100, or undefined where the job does not tell. */
export type JobState =
  /** Nothing was told yet. */
  | { readonly status: "waiting" }
  | {
      readonly status: "processing";
      readonly progress: number | undefined;
      /** What it is doing. */
      readonly text: string | undefined;
    }
  | {
      readonly status: "completed";
      readonly progress: 100;
      /** The result, where it is a text. */
      readonly text: string | undefined;
      /** The result as it was told: any JSON. */
      readonly result: unknown;
      /** All that the last message said. */
      readonly data: Readonly<Record<string, unknown>>;
    }
  | {
      readonly status: "failed";
      /** How far it had come. */
      readonly progress: number | undefined;
      readonly error: string | undefined;
      readonly data: Readonly<Record<string, unknown>>;
    };

/** What is looked at of an event of the log. Of a message `data.data` has what a program is told. */
export interface JobEvent {
  readonly type: string;
  readonly data?: unknown;
}

/** A job of which nothing was told. */
export const noJob: JobState = { status: "waiting" };

/**
 * The state after one more event. The first end that was told is final (JOB-4); what says nothing about the job leaves
 * the state as it is, the same object.
 */
export function foldJob(state: JobState, event: JobEvent): JobState {
  if (state.status === "completed" || state.status === "failed") return state;
  const data = toldBy(event);
  if (data === undefined) return state;
  const before = state.status === "processing" ? state.progress : undefined;
  const progress = percentOf(data["progress"]) ?? before;
  const text = textOf(data["text"]);
  switch (data["status"]) {
    case "completed": {
      const result = data["result"] ?? text;
      return { status: "completed", progress: 100, text: textOf(result), result, data };
    }
    case "failed":
      return { status: "failed", progress, error: textOf(data["error"]), data };
    case "processing":
      return { status: "processing", progress, text };
    default:
      // A status that is not known yet says nothing; a number does.
      return percentOf(data["progress"]) === undefined
        ? state
        : { status: "processing", progress, text };
  }
}

/** The state after events in the order of the log. */
export function stateOfJob(events: Iterable<JobEvent>): JobState {
  let state = noJob;
  for (const event of events) state = foldJob(state, event);
  return state;
}

/** What a message, or a new version of one, tells programs. */
function toldBy({ type, data }: JobEvent): Readonly<Record<string, unknown>> | undefined {
  if (type !== "message.created" && type !== "message.edited") return undefined;
  return membersOf(membersOf(data)?.["data"]);
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function percentOf(value: unknown): number | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  return Math.min(100, Math.max(0, value));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** One thing that was looked at, in words for whoever runs the server. */
export interface Finding {
  /** What it is about: `database`, `proxy`. */
  readonly about: string;
  readonly state: "fine" | "attention" | "broken";
  /** What was looked at and what was found, one sentence. */
  readonly found: string;
  /** What to do about it; absent where nothing is to be done. */
  readonly advice?: string;
}

/** Nothing to be done. */
export function fine(about: string, found: string): Finding {
  return { about, state: "fine", found };
}

/** It works, and may stop working or is not what one wants. */
export function attention(about: string, found: string, advice: string): Finding {
  return { about, state: "attention", found, advice };
}

/** It does not work. */
export function broken(about: string, found: string, advice: string): Finding {
  return { about, state: "broken", found, advice };
}

/** The system's or a driver's word for what went wrong. */
export function wordOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Of several attempts, one for each address, all have failed.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error.cause;
  if (error.message === "" || error.message === "fetch failed") {
    return first === undefined ? error.name : wordOf(first);
  }
  return error.message;
}

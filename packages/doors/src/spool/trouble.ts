/** What the system refuses, and the files that it concerns. */

/** The system's name of a failure: `EACCES`, `ENOSPC`, … */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

const ownTroubles: ReadonlySet<string | undefined> = new Set([
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "EAGAIN",
]);

/** Whether this process has the trouble, whatever the file: then none has to be left behind for others to pass. */
export function isOwnTrouble(error: unknown): boolean {
  return ownTroubles.has(codeOf(error));
}

/** A note that nobody asked for during so many milliseconds is of a file that has gone. */
const staleMs = 300_000;

/**
 * Notes about files, by name, at most so many. Where there is no room a file goes without, and is met again as if for
 * the first time.
 */
export class Notes<Note> {
  readonly #max: number;
  readonly #notes = new Map<string, { note: Note; usedAt: number }>();

  constructor(max: number) {
    this.#max = max;
  }

  get(name: string): Note | undefined {
    const kept = this.#notes.get(name);
    if (kept !== undefined) kept.usedAt = performance.now();
    return kept?.note;
  }

  /** @returns whether there was room. */
  set(name: string, note: Note): boolean {
    if (!this.#notes.has(name) && this.#notes.size >= this.#max) this.#forgetStale();
    if (!this.#notes.has(name) && this.#notes.size >= this.#max) return false;
    this.#notes.set(name, { note, usedAt: performance.now() });
    return true;
  }

  delete(name: string): void {
    this.#notes.delete(name);
  }

  #forgetStale(): void {
    const before = performance.now() - staleMs;
    for (const [name, { usedAt }] of this.#notes) if (usedAt < before) this.#notes.delete(name);
  }
}

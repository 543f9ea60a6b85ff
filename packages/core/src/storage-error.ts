/**
 * An adapter's failure that is not the caller's fault: the database is away, full, or did not answer.
 *
 * `effect` says what is known: `none` - surely not done, trying again is plain; `unknown` - it may have been
 * committed, so only an idempotent request may be tried again.
 */
export class StorageError extends Error {
  readonly effect: "none" | "unknown";

  constructor(message: string, effect: "none" | "unknown", options?: ErrorOptions) {
    super(message, options);
    this.name = "StorageError";
    this.effect = effect;
  }
}

/** What a `PublishError` is made of. */
export interface PublishFailure {
  readonly code: string;
  readonly text: string;
  readonly outcome: "refused" | "unknown";
  readonly details?: Readonly<Record<string, unknown>>;
  readonly idempotency_key?: string;
  readonly cause?: unknown;
}

/** A publication that was neither stored nor spooled, as far as is known. */
export class PublishError extends Error {
  /**
   * As the server's table of errors has it: `forbidden`, `not_found`, `conflict`, … Or of this library: `unreachable` (no
   * answer, and no spool), `spool_failed` (no answer, and the spool could not be written; see `cause`).
   */
  readonly code: string;
  /** One sentence for people; may change at any time. */
  readonly text: string;
  /** Facts beside it: `field`, `limit`, … */
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** `refused`: it is not stored, and the same again will be refused too. `unknown`: try again with the same key. */
  readonly outcome: "refused" | "unknown";
  /** Absent where the error is about several publications. */
  readonly idempotency_key: string | undefined;

  constructor(failure: PublishFailure) {
    super(
      `${failure.code}: ${failure.text}`,
      failure.cause === undefined ? {} : { cause: failure.cause },
    );
    this.name = "PublishError";
    this.code = failure.code;
    this.text = failure.text;
    this.details = failure.details;
    this.outcome = failure.outcome;
    this.idempotency_key = failure.idempotency_key;
  }
}

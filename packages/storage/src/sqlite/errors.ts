/** An SQLite failure, or any other, as it crosses threads. */
export interface Failure {
  readonly message: string;
  readonly effect: "none" | "unknown";
}

/** SQLite's primary result code of an error (https://sqlite.org/rescode.html); undefined for other errors. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

/** SQLITE_BUSY: somebody else holds the lock. */
export const busy = 5;

/**
 * Whether the database itself is in trouble (busy, out of memory or space, I/O, corrupt, read-only, …), as
 * against one caller's row breaking a constraint or a bug of ours.
 */
export function isEngineTrouble(error: unknown): boolean {
  const code = resultCode(error);
  return code !== undefined && code !== sqliteError && code !== constraint && code !== mismatch;
}

const sqliteError = 1;
const constraint = 19;
const mismatch = 20;

export function failure(error: unknown, effect: Failure["effect"]): Failure {
  return { message: error instanceof Error ? error.message : String(error), effect };
}

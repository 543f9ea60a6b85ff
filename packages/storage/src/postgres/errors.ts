import { EngineError, type Trouble } from "../client-server/session.ts";

/** SQLSTATE of an error that the server sent (PostgreSQL, Appendix A); undefined for the driver's own. */
function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** serialization_failure, deadlock_detected, lock_not_available, and a statement that was cancelled for its time. */
const again: ReadonlySet<string> = new Set(["40001", "40P01", "55P03", "57014", "25P02"]);
/** Ends of the server's own: it stops, it starts, it ended an idle transaction, it has no room for one more. */
const gone = /^(08...|57P0.|53...|25P03|58...)$/;

/** What a failure of the driver or the server means. */
export function engineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new EngineError(message, troubleOf(sqlState(error)), { cause: error });
}

function troubleOf(state: string | undefined): Trouble {
  if (state === undefined || gone.test(state)) return "lost";
  return again.has(state) ? "retry" : "refused";
}

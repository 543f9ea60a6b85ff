import { EngineError, type Trouble } from "../client-server/session.ts";

/** The server's number of an error (MySQL, "Server Error Message Reference"); undefined for the driver's own. */
function errorNumber(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errno" in error)) return undefined;
  // The driver's own errors and the system's have negative numbers, or none.
  return typeof error.errno === "number" && error.errno > 0 ? error.errno : undefined;
}

/** Lock wait time-out, deadlock, and a record that changed since it was read (MariaDB, when told to look). */
const again: ReadonlySet<number> = new Set([1205, 1213, 1020]);
/** Too many connections, shutdown, killed, lost, read-only after a failover, out of resources. */
const gone: ReadonlySet<number> = new Set([
  1040, 1041, 1053, 1129, 1152, 1153, 1158, 1159, 1160, 1161, 1203, 1226, 1290, 1317, 1836, 1927,
  2006, 2013, 4031,
]);
const duplicateColumn = 1060;
/** A statement that was given up for its time. */
const outOfTime: ReadonlySet<number> = new Set([1969, 3024]);

/** Whether a column was to be added that is there already. */
export function isColumnThere(error: unknown): boolean {
  return error instanceof EngineError && errorNumber(error.cause) === duplicateColumn;
}

/** What a failure of the driver or the server means. */
export function engineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new EngineError(message, troubleOf(errorNumber(error)), { cause: error });
}

function troubleOf(number: number | undefined): Trouble {
  if (number === undefined || gone.has(number)) return "lost";
  return again.has(number) || outOfTime.has(number) ? "retry" : "refused";
}

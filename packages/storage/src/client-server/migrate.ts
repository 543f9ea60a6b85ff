/** Brings a schema up to date, once, whichever node comes first. */
import { NewerSchemaError } from "../sql/newer-schema-error.ts";
import type { Session } from "./session.ts";

/** A database of a newer program is still good for this one if its last migrations say so. */
interface Done {
  readonly version: number;
  /** The oldest version of the schema whose programs go on with this one. */
  readonly needs: number;
}

/** The steps of each version; all additive, so that nodes of the version before go on. */
export type Migrations = readonly (readonly (string | Step)[])[];

/** A step that is no statement; it may be done again. */
export type Step = (session: Session) => Promise<void>;

/** What opening the database would find and do. */
export interface SchemaState {
  /** Absent if there is no schema yet. */
  readonly version?: number;
  readonly known: number;
  /** What the database calls itself. */
  readonly server: string;
  /** Its clock, in milliseconds since 1970. */
  readonly now: number;
  /** As `Store` has them. */
  readonly weaknesses: readonly string[];
}

/**
 * Runs what is missing. Whoever calls it holds a lock that keeps other nodes out, and has made the table of migrations.
 *
 * @param run Runs one step; a step may have been done before where the engine cannot roll it back.
 * @throws NewerSchemaError if the database is of a newer program that does not go with this one.
 */
export async function runMigrations(
  session: Session,
  migrations: Migrations,
  run: (step: string) => Promise<void>,
): Promise<void> {
  const done = await session.get<Done>(
    `SELECT coalesce(max(version), 0) AS version, coalesce(max(needs), 0) AS needs FROM {migrations}`,
  );
  const { version, needs } = done ?? { version: 0, needs: 0 };
  if (needs > migrations.length) throw new NewerSchemaError(version, migrations.length);
  for (const [index, steps] of migrations.entries()) {
    if (index < version) continue;
    for (const step of steps) await (typeof step === "string" ? run(step) : step(session));
    // Version n adds to what version n - 1 knows and takes nothing away.
    await session.run(
      "INSERT INTO {migrations} (version, needs) VALUES (?, ?)",
      index + 1,
      Math.max(1, index),
    );
  }
}

/** Copying from and to PostgreSQL. */
import { type CopyEngine, copyEndOver } from "../client-server/copy.ts";
import type { Connection } from "../client-server/session.ts";
import type { CopyEnd } from "../copy/end.ts";
import type { CopyTable } from "../copy/tables.ts";
import { openPool, quoted } from "./connect.ts";
import { openPostgres, type PostgresOptions, postgresSql, readPostgresSchema } from "./index.ts";

/** Nothing of a copy is waited for longer. */
const slowMs = 600_000;
/** A snapshot, a reader or writer beside it, and one that looks. */
const connections = 4;

/** A database of PostgreSQL as one end of a copy. */
export function openPostgresCopy(options: PostgresOptions): CopyEnd {
  const { url, prefix = "" } = options;
  const engine: CopyEngine = {
    engine: "postgres",
    sql: postgresSql,
    pool: openPool({ connectionString: url, prefix }, connections, slowMs),
    patient: [
      "SET LOCAL idle_in_transaction_session_timeout = 0",
      "SET LOCAL statement_timeout = 0",
    ],
    careless: ["SET LOCAL synchronous_commit = off"],

    changesTable: `CREATE TABLE IF NOT EXISTS {move_changes} (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tab text NOT NULL, key_text text NOT NULL)`,
    capture: (table) => [
      noteFunction(table),
      `DROP TRIGGER IF EXISTS {move_note} ON {${table.name}}`,
      trigger(table),
    ],
    release: ({ name }) => [
      `DROP TRIGGER IF EXISTS {move_note} ON {${name}}`,
      `DROP FUNCTION IF EXISTS {move_note_${name}}()`,
    ],

    barrier: async (connection: Connection, tables) => {
      await connection.exec("BEGIN");
      await connection.exec("SET LOCAL lock_timeout = '400ms'");
      const names = tables.map(({ name }) => `{${name}}`).join(", ");
      try {
        await connection.run(`LOCK TABLE ${names} IN SHARE ROW EXCLUSIVE MODE`);
      } finally {
        await connection.exec("ROLLBACK");
      }
    },

    settleNumbers: async (session, table) => {
      await session.get(
        `SELECT setval(pg_get_serial_sequence(?, 'number'), greatest(1, coalesce(max(number), 0)),
           max(number) IS NOT NULL) AS number FROM {${table}}`,
        quoted(`${prefix}${table}`),
      );
    },
    hasTable: async (session, name) => {
      const row = await session.get<{ found: string | null }>(
        "SELECT to_regclass(?)::text AS found",
        quoted(`${prefix}${name}`),
      );
      return row !== undefined && row.found !== null;
    },
    neighbours: async (session) => {
      // Whoever comes from the address that this process comes from may be this process.
      const row = await session.get<{ found: number }>(
        `SELECT count(*) AS found FROM pg_stat_activity other
         JOIN pg_stat_activity self ON self.pid = pg_backend_pid()
         WHERE other.datid = self.datid AND other.application_name = self.application_name
           AND other.client_addr IS DISTINCT FROM self.client_addr`,
      );
      return row?.found ?? 0;
    },

    schema: () => readPostgresSchema(options),
    open: () => openPostgres({ ...options, isBeingCopied: true }),
  };
  return copyEndOver(engine);
}

/** Which row was touched, in the transaction that does it; and nothing may be touched once the install was moved. */
function noteFunction({ name, key, columns }: CopyTable): string {
  const note = (row: "NEW" | "OLD"): string => {
    const cells = key.map((column) =>
      columns[column] === "bytes" ? `encode(${row}.${column}, 'hex')` : `${row}.${column}`,
    );
    return `INSERT INTO {move_changes} (tab, key_text)
      VALUES ('${name}', json_build_array(${cells.join(", ")})::text);`;
  };
  // Applications write into the outbox that may do nothing else here.
  const rights = name === "outbox" ? "SECURITY DEFINER SET search_path FROM CURRENT" : "";
  return `CREATE OR REPLACE FUNCTION {move_note_${name}}() RETURNS trigger LANGUAGE plpgsql ${rights} AS $note$
    BEGIN
      IF EXISTS (SELECT 1 FROM {meta} WHERE name = 'moved_to') THEN
        RAISE EXCEPTION 'the install was moved';
      END IF;
      IF TG_OP = 'DELETE' THEN ${note("OLD")} ELSE ${note("NEW")} END IF;
      RETURN NULL;
    END $note$`;
}

function trigger({ name }: CopyTable): string {
  return `CREATE TRIGGER {move_note} AFTER INSERT OR UPDATE OR DELETE ON {${name}}
    FOR EACH ROW EXECUTE FUNCTION {move_note_${name}}()`;
}

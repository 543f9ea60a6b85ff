/** Copying from and to the engines that are servers of their own: everything that they have in common. */
import { setTimeout as pause } from "node:timers/promises";
import {
  type CopyEnd,
  type CopyState,
  chunkRows,
  type InstallIdentity,
  type RoomState,
  stateText,
} from "../copy/end.ts";
import { type CopyTable, type CopyTableName, copyTables } from "../copy/tables.ts";
import { type Mark, movedRow, readMark, unfinishedRow } from "../sql/marks.ts";
import type { Store } from "../store.ts";
import { insertRows, readChanges, readChunk, removeRows } from "./copy-rows.ts";
import type { SchemaState } from "./migrate.ts";
import type { Connection, EngineSql, Pool, Session } from "./session.ts";
import { EngineError } from "./session.ts";
import { metaColumns } from "./tables.ts";
import { reading, using, writing } from "./transaction.ts";

/** How an engine differs where it is copied. */
export interface CopyEngine {
  readonly engine: "postgres" | "mysql";
  readonly sql: EngineSql;
  /** Connections of the copy's own, at least 3, whose driver waits long for an answer. */
  readonly pool: Pool;
  /** At the begin of a transaction that may take long: lifts the usual time-outs. */
  readonly patient: readonly string[];
  /** At the begin of a transaction whose loss only means that the copy is begun anew. */
  readonly careless: readonly string[];
  /** Statements that make the noting of one table's changes. Each may be tried again. */
  capture(table: CopyTable): readonly string[];
  /** Statements that undo them, also where they were not made. */
  release(table: CopyTable): readonly string[];
  /** Makes the list of changes, if it is not there. */
  readonly changesTable: string;
  /** Waits until no transaction that changed one of our tables is under way. */
  barrier(connection: Connection, tables: readonly CopyTable[]): Promise<void>;
  /** Puts the counter of a table's `number` above what is there. */
  settleNumbers(session: Session, table: "users" | "messages" | "outbox"): Promise<void>;
  /** Whether there is such a table, by its name without prefix. */
  hasTable(session: Session, name: string): Promise<boolean>;
  /** Other connections of Parlance from elsewhere. */
  neighbours(session: Session): Promise<number>;
  schema(): Promise<SchemaState>;
  /** Opens the store, also an unfinished one. */
  open(): Promise<Store>;
}

/** How often a table's triggers are tried to be made while others hold it. */
const attempts = 40;

/** Makes an engine into one end of a copy. */
export function copyEndOver(of: CopyEngine): CopyEnd {
  const { pool, sql } = of;
  let snapshot: Connection | undefined;

  const each = <T>(read: (session: Session) => Promise<T>): Promise<T> => reading(pool, read);
  const inOne = <T>(read: (session: Session) => Promise<T>): Promise<T> =>
    writing(pool, [...sql.beginSnapshot, ...of.patient], read);
  const write = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
    writing(pool, [...sql.begin, ...of.patient], work);
  const writeCarelessly = (work: (session: Session) => Promise<void>): Promise<void> =>
    writing(pool, [...sql.begin, ...of.patient, ...of.careless], work);
  const inSnapshot = <T>(read: (session: Session) => Promise<T>): Promise<T> =>
    snapshot === undefined ? each(read) : read(snapshot);

  const endSnapshot = async (): Promise<void> => {
    const ended = snapshot;
    snapshot = undefined;
    let isBroken = true;
    try {
      await ended?.exec("ROLLBACK");
      isBroken = false;
    } catch {
      // It was only read from.
    } finally {
      ended?.release(isBroken);
    }
  };

  const release = async (): Promise<void> => {
    for (const table of copyTables) {
      for (const statement of of.release(table)) {
        await patiently(() => each((session) => session.run(statement)));
      }
    }
    await patiently(() => each((session) => session.run("DROP TABLE IF EXISTS {move_changes}")));
  };

  return {
    engine: of.engine,

    state: async () => {
      const schema = await of.schema();
      if (schema.version === undefined) return { known: schema.known, ...nothingThere };
      const { version, known } = schema;
      const found = await each(async (session) => {
        const meta = await readMeta(session);
        const mark = readMark((name) => meta.get(name)?.toString("utf8"));
        const identity = identityOf(meta);
        const isCaptured = await of.hasTable(session, "move_changes");
        return { meta, mark, identity, isCaptured, isUsed: await isUsed(session) };
      });
      return {
        version,
        known,
        isCaptured: found.isCaptured,
        isUsed: found.isUsed,
        ...(found.mark === undefined ? {} : { mark: found.mark }),
        ...(found.identity === undefined ? {} : { identity: found.identity }),
      } satisfies CopyState;
    },

    counts: () =>
      inSnapshot(async (session) => {
        const counts = {} as Record<CopyTableName, number>;
        for (const { name } of copyTables) {
          const row = await session.get<{ found: number }>(
            `SELECT count(*) AS found FROM {${name}}`,
          );
          counts[name] = row?.found ?? 0;
        }
        return counts;
      }),

    beginSnapshot: async () => {
      const connection = await pool.acquire();
      try {
        for (const statement of [...sql.beginSnapshot, ...of.patient]) {
          await connection.exec(statement);
        }
        // Some engines choose the state that is read at the first statement.
        await connection.get("SELECT 1 AS one FROM {meta} LIMIT 1");
      } catch (error) {
        connection.release(true);
        throw error;
      }
      snapshot = connection;
    },
    chunk: (table, after) => inSnapshot((session) => readChunk(session, of, table, after)),
    endSnapshot,

    controlHead: () =>
      each(async (session) => {
        const row = await session.get<{ value: number }>(
          "SELECT value FROM {counters} WHERE name = 'control'",
        );
        return row?.value ?? 0;
      }),

    roomStates: (query) =>
      each(async (session) => {
        const found: RoomState[] = [];
        const keep = (rows: readonly RoomStateRow[]): void => {
          for (const { room, ...rest } of rows) {
            found.push({ room, state: stateText(Object.values(rest)) });
          }
        };
        if ("rooms" in query) {
          const rooms = query.rooms.slice(0, chunkRows);
          if (rooms.length > 0) keep(await session.all(`${stateSelect} WHERE room IN (?*)`, rooms));
        } else {
          const page = `${stateSelect} WHERE room > ? ORDER BY room LIMIT ?`;
          keep(await session.all(page, query.after, chunkRows));
        }
        return found;
      }),

    capture: async () => {
      await each((session) => session.run(of.changesTable));
      for (const table of copyTables) {
        for (const statement of of.capture(table))
          await patiently(() => each((session) => session.run(statement)));
      }
    },

    changes: (limit) => inOne((session) => readChanges(session, limit)),

    forget: (ids) =>
      write(async (session) => {
        for (let at = 0; at < ids.length; at += chunkRows) {
          await session.run(
            "DELETE FROM {move_changes} WHERE id IN (?*)",
            ids.slice(at, at + chunkRows),
          );
        }
      }),

    pending: () =>
      each(async (session) => {
        const row = await session.get<{ found: number }>(
          "SELECT count(*) AS found FROM {move_changes}",
        );
        return row?.found ?? 0;
      }),

    release,

    seal: async (to) => {
      const value = Buffer.from(to, "utf8").subarray(0, 250);
      await write(async (session) => {
        await session.run("DELETE FROM {meta} WHERE name = ?", movedRow);
        const rows = [[movedRow, value]];
        await session.insert({ table: "meta", columns: metaColumns, rows });
      });
      await using(pool, (connection) => of.barrier(connection, copyTables));
    },

    unseal: () =>
      write(async (session) => {
        await session.run("DELETE FROM {meta} WHERE name = ?", movedRow);
      }),

    prepare: async (mark, identity) => {
      // Marked before it is emptied and filled: whatever ends this, no start takes it for an install.
      if ((await of.schema()).version !== undefined)
        await write((session) => setMark(session, mark));
      await (await of.open()).close();
      // Of an install that was moved away once: nothing takes writes there until these are gone.
      if (await each((session) => of.hasTable(session, "move_changes"))) await release();
      await write(async (session) => {
        await setMark(session, mark);
        await setIdentity(session, identity);
      });
      const termTables = of.sql.hasTermRows ? [{ name: "message_terms" }] : [];
      for (const { name } of [
        ...copyTables,
        { name: "logins" },
        { name: "file_owners" },
        ...termTables,
      ]) {
        await writeCarelessly(async (session) => void (await session.run(`DELETE FROM {${name}}`)));
      }
    },

    insert: (table, rows) => writeCarelessly((session) => insertRows(session, of, table, rows)),

    apply: ({ tables }) =>
      writeCarelessly(async (session) => {
        for (const { table, keys, rows } of tables) {
          await removeRows(session, of, table, keys);
          await insertRows(session, of, table, rows);
        }
      }),

    settle: (controlHead) =>
      write(async (session) => {
        await session.run("UPDATE {counters} SET value = ? WHERE name = 'control'", controlHead);
        await of.settleNumbers(session, "users");
        await of.settleNumbers(session, "messages");
        await of.settleNumbers(session, "outbox");
      }),

    open: () => of.open(),

    complete: () =>
      write(async (session) => {
        await session.run("DELETE FROM {meta} WHERE name IN (?*)", [unfinishedRow, movedRow]);
      }),

    uncomplete: () => write((session) => setMark(session, { type: "unfinished", by: "move" })),

    neighbours: () => each((session) => of.neighbours(session)),

    close: async () => {
      await endSnapshot();
      await pool.close();
    },
  } satisfies CopyEnd;
}

const nothingThere = { isCaptured: false, isUsed: false } as const;

interface RoomStateRow {
  readonly room: string;
}

const stateSelect = `SELECT room, kind, title, epoch_part, head, floor, floor_hash, head_hash, revision, countable FROM {rooms}`;

async function readMeta(session: Session): Promise<Map<string, Buffer>> {
  const rows = await session.all<{ name: string; value: Uint8Array }>(
    "SELECT name, value FROM {meta}",
  );
  return new Map(rows.map(({ name, value }) => [name, Buffer.from(value)]));
}

function identityOf(meta: ReadonlyMap<string, Buffer>): InstallIdentity | undefined {
  const id = meta.get("install_id");
  const part = meta.get("install_part");
  const payloadKey = meta.get("payload_key");
  if (id === undefined || part === undefined || payloadKey === undefined) return undefined;
  return { id: id.toString("latin1"), part: part.toString("latin1"), payloadKey };
}

async function isUsed(session: Session): Promise<boolean> {
  for (const table of ["users", "events", "api_keys"]) {
    if ((await session.get(`SELECT 1 AS found FROM {${table}} LIMIT 1`)) !== undefined) return true;
  }
  return false;
}

async function setMark(session: Session, mark: Mark): Promise<void> {
  const name = mark.type === "moved" ? movedRow : unfinishedRow;
  const value = Buffer.from(mark.type === "moved" ? mark.to : mark.by, "utf8");
  await session.run("DELETE FROM {meta} WHERE name IN (?*)", [movedRow, unfinishedRow]);
  await session.insert({ table: "meta", columns: metaColumns, rows: [[name, value]] });
}

async function setIdentity(session: Session, identity: InstallIdentity): Promise<void> {
  const rows = [
    ["install_id", Buffer.from(identity.id, "latin1")],
    ["install_part", Buffer.from(identity.part, "latin1")],
    ["payload_key", identity.payloadKey],
  ] as const;
  await session.run(
    "DELETE FROM {meta} WHERE name IN (?*)",
    rows.map(([name]) => name),
  );
  await session.insert({ table: "meta", columns: metaColumns, rows });
}

/** Making and removing triggers waits for those who write; they must not wait behind it for long, so it gives way. */
async function patiently(run: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run();
      return;
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      const isBusy = cause instanceof EngineError && cause.trouble === "retry";
      if (!isBusy || attempt >= attempts) throw error;
      await pause(50 + attempt * 10);
    }
  }
}

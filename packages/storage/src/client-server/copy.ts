/** Copying from and to the engines that are servers of their own: everything that they have in common. */
import { setTimeout as pause } from "node:timers/promises";
import {
  type ChangedTable,
  type Changes,
  type Chunk,
  type CopyEnd,
  type CopyKey,
  type CopyRow,
  type CopyState,
  chunkRows,
  type InstallIdentity,
  type RoomState,
  stateText,
} from "../copy/end.ts";
import { type CopyTable, type CopyTableName, copyTable, copyTables } from "../copy/tables.ts";
import { foldLogin } from "../sql/fold.ts";
import { type Mark, movedRow, readMark, unfinishedRow } from "../sql/marks.ts";
import type { Store } from "../store.ts";
import { keyHash } from "./batch.ts";
import type { SchemaState } from "./migrate.ts";
import type { Cell, Connection, EngineSql, Pool, Session } from "./session.ts";
import { EngineError } from "./session.ts";
import { loginColumns, metaColumns } from "./tables.ts";
import { reading, writing } from "./transaction.ts";

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
  settleNumbers(session: Session, table: "users" | "messages"): Promise<void>;
  /** Whether there is such a table, by its name without prefix. */
  hasTable(session: Session, name: string): Promise<boolean>;
  /** Other connections of Parlance from elsewhere. */
  neighbours(session: Session): Promise<number>;
  schema(): Promise<SchemaState>;
  /** Opens the store, also an unfinished one. */
  open(): Promise<Store>;
}

/** Rows that are asked for with one statement: one text for all of them. */
const keysAtOnce = 64;
/** What one statement carries, below the smallest bound of a server (16 MiB). */
const insertChars = 1_000_000;
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
      for (const { name } of [...copyTables, { name: "logins" }, { name: "file_owners" }]) {
        await writeCarelessly(async (session) => void (await session.run(`DELETE FROM {${name}}`)));
      }
    },

    insert: (table, rows) => writeCarelessly((session) => insertRows(session, table, rows)),

    apply: ({ tables }) =>
      writeCarelessly(async (session) => {
        for (const { table, keys, rows } of tables) {
          await removeRows(session, table, keys);
          await insertRows(session, table, rows);
        }
      }),

    settle: (controlHead) =>
      write(async (session) => {
        await session.run("UPDATE {counters} SET value = ? WHERE name = 'control'", controlHead);
        await of.settleNumbers(session, "users");
        await of.settleNumbers(session, "messages");
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

async function readChunk(
  session: Session,
  of: CopyEngine,
  name: CopyTableName,
  after: CopyKey | undefined,
): Promise<Chunk> {
  const { columns, key } = copyTable(name);
  const names = Object.keys(columns);
  const [condition, values] = after === undefined ? ["", []] : afterKey(of.engine, key, after);
  const found = await session.all<Readonly<Record<string, Cell>>>(
    `SELECT ${names.join(", ")} FROM {${name}} ${condition} ORDER BY ${key.join(", ")} LIMIT ?`,
    ...values,
    chunkRows,
  );
  const last = found.at(-1);
  return {
    rows: found.map((row) => names.map((column) => row[column] ?? null)),
    ...(last === undefined || found.length < chunkRows
      ? {}
      : { next: key.map((column) => last[column] ?? null) }),
  };
}

/**
 * The condition for rows behind a key. PostgreSQL finds the place in the index by a comparison of rows; MySQL would go
 * through the whole table for it, and finds the place by the same thing written out.
 */
function afterKey(
  engine: CopyEngine["engine"],
  key: readonly string[],
  after: CopyKey,
): readonly [string, readonly Cell[]] {
  if (engine === "postgres") {
    return [`WHERE (${key.join(", ")}) > (${key.map(() => "?").join(", ")})`, after];
  }
  const values: Cell[] = [];
  const steps = key.map((column, place) => {
    const same = key.slice(0, place).map((before) => `${before} = ?`);
    values.push(...after.slice(0, place + 1));
    return `(${[...same, `${column} > ?`].join(" AND ")})`;
  });
  return [`WHERE ${steps.join(" OR ")}`, values];
}

async function readChanges(session: Session, limit: number): Promise<Changes> {
  const noted = await session.all<{ id: number; tab: CopyTableName; key_text: string }>(
    "SELECT id, tab, key_text FROM {move_changes} ORDER BY id LIMIT ?",
    limit,
  );
  const touched = new Map<CopyTableName, Map<string, CopyKey>>();
  for (const { tab, key_text } of noted) {
    const keys = touched.get(tab) ?? new Map<string, CopyKey>();
    touched.set(tab, keys.set(key_text, keyOf(copyTable(tab), key_text)));
  }
  const tables: ChangedTable[] = [];
  for (const [table, keys] of touched) {
    const all = [...keys.values()];
    tables.push({ table, keys: all, rows: await readRows(session, table, all) });
  }
  return { ids: noted.map(({ id }) => id), tables };
}

/** As a trigger noted it: a JSON array, with bytes in hexadecimal. */
function keyOf({ key, columns }: CopyTable, text: string): CopyKey {
  const cells = JSON.parse(text) as (string | number)[];
  return cells.map((cell, place) =>
    columns[key[place] ?? ""] === "bytes" ? Buffer.from(String(cell), "hex") : cell,
  );
}

async function readRows(
  session: Session,
  name: CopyTableName,
  keys: readonly CopyKey[],
): Promise<readonly CopyRow[]> {
  const { columns, key } = copyTable(name);
  const names = Object.keys(columns);
  const rows: CopyRow[] = [];
  for (const piece of pieces(keys)) {
    const found = await session.all<Readonly<Record<string, Cell>>>(
      `SELECT ${names.join(", ")} FROM {${name}} WHERE ${anyOf(key)}`,
      ...piece.flat(),
    );
    for (const row of found) rows.push(names.map((column) => row[column] ?? null));
  }
  return rows;
}

async function removeRows(
  session: Session,
  name: CopyTableName,
  keys: readonly CopyKey[],
): Promise<void> {
  const { key } = copyTable(name);
  for (const piece of pieces(keys)) {
    if (name === "users") {
      await session.run(
        `DELETE FROM {logins} WHERE user_id IN (SELECT id FROM {users} WHERE ${anyOf(key)})`,
        ...piece.flat(),
      );
    }
    await session.run(`DELETE FROM {${name}} WHERE ${anyOf(key)}`, ...piece.flat());
  }
}

/** One text for any number of keys: written out, since not every engine finds rows by a list of rows. */
function anyOf(key: readonly string[]): string {
  const one = `(${key.map((column) => `${column} = ?`).join(" AND ")})`;
  return Array.from({ length: keysAtOnce }, () => one).join(" OR ");
}

/** Keys in pieces of one length, the last one filled up with its last key. */
function pieces(keys: readonly CopyKey[]): CopyKey[][] {
  const found: CopyKey[][] = [];
  for (let at = 0; at < keys.length; at += keysAtOnce) {
    const piece = keys.slice(at, at + keysAtOnce);
    const last = piece.at(-1) ?? [];
    while (piece.length < keysAtOnce) piece.push(last);
    found.push(piece);
  }
  return found;
}

async function insertRows(
  session: Session,
  name: CopyTableName,
  rows: readonly CopyRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const { columns } = copyTable(name);
  if (name === "events") {
    const withKeys = rows.map((row) => [...row, eventKey(columns, row)]);
    await insertPieces(session, name, { ...columns, key_hash: "bytes" }, withKeys);
    return;
  }
  await insertPieces(session, name, columns, rows);
  if (name === "users") {
    const logins = rows.flatMap((row) => loginsOf(columns, row));
    if (logins.length > 0) {
      await session.insertNew({ table: "logins", columns: loginColumns, rows: logins });
    }
  }
}

async function insertPieces(
  session: Session,
  table: CopyTableName,
  columns: CopyTable["columns"],
  rows: readonly CopyRow[],
): Promise<void> {
  let piece: CopyRow[] = [];
  let chars = 0;
  const send = async (): Promise<void> => {
    if (piece.length > 0) await session.insert({ table, columns, rows: piece });
    piece = [];
    chars = 0;
  };
  for (const row of rows) {
    for (const cell of row) chars += typeof cell === "string" ? cell.length : 16;
    piece.push(row);
    if (chars > insertChars) await send();
  }
  await send();
}

function cellIn(columns: CopyTable["columns"], row: CopyRow, column: string): string | undefined {
  const cell = row[Object.keys(columns).indexOf(column)];
  return typeof cell === "string" ? cell : undefined;
}

function eventKey(columns: CopyTable["columns"], row: CopyRow): Cell {
  const clientMessageId = cellIn(columns, row, "client_message_id");
  const room = cellIn(columns, row, "room") ?? "";
  const principal = cellIn(columns, row, "principal") ?? "";
  if (clientMessageId === undefined) return null;
  return keyHash({ room, principal, clientMessageId }) ?? null;
}

/** User names and e-mails share one name space. */
function loginsOf(columns: CopyTable["columns"], row: CopyRow): CopyRow[] {
  const id = cellIn(columns, row, "id") ?? "";
  const logins = [cellIn(columns, row, "username"), cellIn(columns, row, "email")];
  const folded = new Set(logins.filter((login) => login !== undefined).map(foldLogin));
  return [...folded].map((login) => [login, id]);
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

async function using<T>(pool: Pool, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await pool.acquire();
  let isBroken = true;
  try {
    const result = await work(connection);
    isBroken = false;
    return result;
  } finally {
    connection.release(isBroken);
  }
}

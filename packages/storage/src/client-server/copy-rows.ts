/** Reading, writing and removing the rows of a copy, in bounded pieces. */
import {
  type ChangedTable,
  type Changes,
  type Chunk,
  type CopyKey,
  type CopyRow,
  chunkRows,
} from "../copy/end.ts";
import { type CopyTable, type CopyTableName, copyTable } from "../copy/tables.ts";
import { foldLogin } from "../sql/fold.ts";
import { keyHash } from "./batch.ts";
import type { CopyEngine } from "./copy.ts";
import type { Cell, Session } from "./session.ts";
import { loginColumns } from "./tables.ts";
import { addTermRows, removeTermRows } from "./term-rows.ts";

/** Rows that are asked for with one statement: one text for all of them. */
const keysAtOnce = 64;
/** What one statement carries, below the smallest bound of a server (16 MiB). */
const insertChars = 1_000_000;

export async function readChunk(
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

export async function readChanges(session: Session, limit: number): Promise<Changes> {
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

export async function removeRows(
  session: Session,
  of: CopyEngine,
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
    if (name === "messages" && of.sql.hasTermRows) {
      const rows = await session.all<{ id: string }>(
        `SELECT id FROM {messages} WHERE ${anyOf(key)}`,
        ...piece.flat(),
      );
      for (const { id } of rows) await removeTermRows(session, id);
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

export async function insertRows(
  session: Session,
  of: CopyEngine,
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
  if (name === "messages" && of.sql.hasTermRows) {
    const terms = rows.map(
      (row) => [cellIn(columns, row, "id") ?? "", cellIn(columns, row, "terms") ?? ""] as const,
    );
    await Promise.all(addTermRows(session, terms));
  }
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

/**
 * A database of its own for one cluster, and the look into its tables that the checker has: directly, by the engines'
 * own drivers, past the product.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { canonicalize, type Json } from "@parlance/protocol";
import type { createConnection } from "mysql2/promise";
import type pg from "pg";
import { serviceUrl } from "../services.ts";
import type { MarkRow, RoomRow, Row } from "./history.ts";

/* The drivers are the storage package's; tests look past it on purpose. */
const require = createRequire(import.meta.url);

export const engines = ["sqlite", "postgresql", "mariadb"] as const;
/** `sqlite` is for one node. */
export type Engine = (typeof engines)[number];

/** The product's own, where the address names none. */
const presetPrefix = "parlance_";

/** One answer's rows, columns by name. */
export type Records = readonly Readonly<Record<string, unknown>>[];

/** A connection of a test's own, for locks and other mischief. */
export interface DatabaseSession {
  query(sql: string): Promise<Records>;
  close(): Promise<void>;
}

export interface InstallDatabase {
  readonly engine: Engine;
  readonly name: string;
  readonly prefix: string;
  /** Where it listens; undefined where it is a file. */
  readonly port: number | undefined;
  readonly host: string;
  /** What `PARLANCE_DATABASE_URL` says, if it is reached by this port. */
  urlBy(port: number): string;
  /** A table's name, quoted as the engine wants it. */
  table(name: string): string;
  session(): Promise<DatabaseSession>;
  /** Takes the database away with everything in it. */
  drop(): Promise<void>;
}

export interface DatabaseOptions {
  readonly name: string;
  /** Of the tables. */
  readonly prefix?: string;
  /** The database is there already, and stays when this install's tables go: for two installs in one. */
  readonly isShared?: boolean;
}

/** Makes an empty database. @throws what the driver says. */
export async function createDatabase(
  engine: Exclude<Engine, "sqlite">,
  options: DatabaseOptions,
): Promise<InstallDatabase> {
  const url = new URL(serviceUrl(engine));
  const { name, prefix = presetPrefix, isShared = false } = options;
  const quote = (text: string): string => (engine === "postgresql" ? `"${text}"` : `\`${text}\``);
  const admin = (): Promise<DatabaseSession> => open(engine, url, undefined);
  if (!isShared) {
    const session = await admin();
    await session.query(`DROP DATABASE IF EXISTS ${quote(name)}`);
    await session.query(`CREATE DATABASE ${quote(name)}`);
    await session.close();
  }
  const preset = engine === "postgresql" ? 5_432 : 3_306;
  return {
    engine,
    name,
    prefix,
    host: url.hostname,
    port: url.port === "" ? preset : Number(url.port),
    urlBy: (port) => {
      const through = new URL(url);
      through.hostname = "127.0.0.1";
      through.port = String(port);
      through.pathname = `/${encodeURIComponent(name)}`;
      if (prefix !== presetPrefix) through.searchParams.set("prefix", prefix);
      return through.href;
    },
    table: (table) => quote(`${prefix}${table}`),
    session: () => open(engine, url, name),
    drop: async () => {
      if (isShared) return;
      const session = await admin();
      const force = engine === "postgresql" ? " WITH (FORCE)" : "";
      await session.query(`DROP DATABASE IF EXISTS ${quote(name)}${force}`);
      await session.close();
    },
  };
}

/** The file in a node's data directory, for one node. */
export function fileDatabase(dataDir: string): InstallDatabase {
  return {
    engine: "sqlite",
    name: dataDir,
    prefix: "",
    host: "",
    port: undefined,
    urlBy: () => "sqlite:",
    table: (table) => table,
    session: async () => {
      const database = new DatabaseSync(join(dataDir, "parlance.db"), { readOnly: true });
      return {
        query: async (sql) => database.prepare(sql).all(),
        close: async () => database.close(),
      };
    },
    drop: async () => {},
  };
}

async function open(
  engine: Exclude<Engine, "sqlite">,
  url: URL,
  name: string | undefined,
): Promise<DatabaseSession> {
  const to = new URL(url);
  if (name !== undefined) to.pathname = `/${encodeURIComponent(name)}`;
  if (engine === "postgresql") {
    const { Client } = require("pg") as typeof pg;
    const client = new Client({ connectionString: to.href });
    // A test may take the server's side away under it.
    client.on("error", () => {});
    await client.connect();
    return {
      query: async (sql) => (await client.query(sql)).rows as Records,
      close: () => client.end(),
    };
  }
  const mysql = require("mysql2/promise") as { readonly createConnection: typeof createConnection };
  const connection = await mysql.createConnection({
    host: to.hostname,
    port: to.port === "" ? 3_306 : Number(to.port),
    user: decodeURIComponent(to.username),
    password: decodeURIComponent(to.password),
    ...(name === undefined ? {} : { database: name }),
    multipleStatements: true,
  });
  connection.on("error", () => {});
  return {
    query: async (sql) => (await connection.query(sql))[0] as unknown as Records,
    close: () => connection.end(),
  };
}

/** Every row of the log, every room and every stored mark. */
export async function readEverything(
  database: InstallDatabase,
): Promise<{ rows: Row[]; rooms: RoomRow[]; marks: MarkRow[] }> {
  const session = await database.session();
  const all = (table: string): Promise<Records> =>
    session.query(`SELECT * FROM ${database.table(table)}`);
  const tables = async (): Promise<readonly [Records, Records, Records]> => [
    await all("events"),
    await all("rooms"),
    await all("read_marks"),
  ];
  let found: Awaited<ReturnType<typeof tables>>;
  try {
    found = await tables();
  } finally {
    await session.close();
  }
  const [events, rooms, marks] = found;
  return {
    rows: events.map(rowOf),
    rooms: rooms.map((row) => ({
      room: text(row["room"]),
      kind: text(row["kind"]),
      head: Number(row["head"]),
      floor: Number(row["floor"]),
    })),
    marks: marks.map((row) => ({
      room: text(row["room"]),
      user: text(row["user"] ?? row["user_id"]),
      readMark: Number(row["public_sequence"]),
    })),
  };
}

function rowOf(row: Readonly<Record<string, unknown>>): Row {
  const clientMessageId = row["client_message_id"] ?? undefined;
  return {
    room: text(row["room"]),
    sequence: Number(row["sequence"]),
    id: text(row["id"]),
    type: text(row["type"]),
    author: text(row["author"]),
    principal: text(row["principal"]),
    clientMessageId: clientMessageId === undefined ? undefined : text(clientMessageId),
    payload: payloadOf(row["payload"]),
  };
}

/* Engines give texts as strings or bytes, and JSON as either or as a value. */
function text(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString("utf8") : String(value);
}

function payloadOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  const isText = typeof value === "string" || Buffer.isBuffer(value);
  return canonicalize((isText ? JSON.parse(text(value)) : value) as Json);
}

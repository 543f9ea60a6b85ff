/**
 * What a database must be able to do to be copied from and copied to. Written once for SQLite, and once for the engines
 * that are servers of their own.
 */
import type { Cell } from "../client-server/session.ts";
import type { Mark } from "../sql/marks.ts";
import type { Store } from "../store.ts";
import type { CopyTableName } from "./tables.ts";

export type EngineName = "sqlite" | "postgres" | "mysql";

/** Cells in the order of the table's columns. */
export type CopyRow = readonly Cell[];
/** Cells of a primary key, in its order. */
export type CopyKey = readonly Cell[];

/** What an install is known by. Epochs are made of `part`. */
export interface InstallIdentity {
  readonly id: string;
  readonly part: string;
  /** 32 bytes. Tells whether a repeat has the same body. */
  readonly payloadKey: Uint8Array;
}

/** What is in a database before anything is done to it. */
export interface CopyState {
  /** Absent if there is no schema yet. */
  readonly version?: number;
  /** The version that this program makes. */
  readonly known: number;
  readonly mark?: Mark;
  /** Changes are being noted, or were when a process ended. */
  readonly isCaptured: boolean;
  /** Somebody was here: a user, an event or an API key. Rooms that a start makes, in which nothing was said, do not count. */
  readonly isUsed: boolean;
  /** Absent before the first start. */
  readonly identity?: InstallIdentity;
}

/** Rows of one table, in the order of its key. */
export interface Chunk {
  readonly rows: readonly CopyRow[];
  /** Where the next one begins; absent at the table's end. Only the engine that gave it understands it. */
  readonly next?: CopyKey;
}

/** A room's place in its own log, for comparing two databases. */
export interface RoomState {
  readonly room: string;
  /** Everything else of the room in one text. */
  readonly state: string;
}

/** Rows that were touched, as they are now. */
export interface ChangedTable {
  readonly table: CopyTableName;
  /** All that were touched. */
  readonly keys: readonly CopyKey[];
  /** Those that are there. */
  readonly rows: readonly CopyRow[];
}

/** A part of what was noted, read together with the rows. */
export interface Changes {
  readonly ids: readonly number[];
  readonly tables: readonly ChangedTable[];
}

/** To be copied from. */
export interface CopySource {
  state(): Promise<CopyState>;
  /** Rows of each table, counted in the snapshot if there is one. */
  counts(): Promise<Readonly<Record<CopyTableName, number>>>;
  /** From here on `chunk` reads one state of everything, for as long as it takes. */
  beginSnapshot(): Promise<void>;
  /** At most 500 rows, and few of them where they are large. */
  chunk(table: CopyTableName, after?: CopyKey): Promise<Chunk>;
  endSnapshot(): Promise<void>;
  controlHead(): Promise<number>;
  /** Of rooms in the order of their ids, or of those that are named. At most 500. */
  roomStates(
    query: { readonly after: string } | { readonly rooms: readonly string[] },
  ): Promise<readonly RoomState[]>;
}

/** To have its changes noted while it is copied, in the transactions that make them. */
export interface ChangeCapture {
  /** Whatever is committed after this resolved and is not in a later snapshot is in `changes`. */
  capture(): Promise<void>;
  /** The oldest that are noted; none left if `ids` is empty. */
  changes(limit: number): Promise<Changes>;
  /** Takes off the list what was read. */
  forget(ids: readonly number[]): Promise<void>;
  /** How many are noted. */
  pending(): Promise<number>;
  /** Ends the noting and leaves nothing of it. Done also where there was none. */
  release(): Promise<void>;
  /**
   * From here on every write fails, whoever makes it, and no start goes on with this database. When it resolves, what was
   * under way before has ended.
   *
   * @param to The new place in words for people.
   */
  seal(to: string): Promise<void>;
  /** Takes `seal` back. */
  unseal(): Promise<void>;
}

/** To be copied to. */
export interface CopyTarget {
  state(): Promise<CopyState>;
  /** Makes the schema, empties it, and marks it as unfinished. */
  prepare(mark: Mark, identity: InstallIdentity): Promise<void>;
  insert(table: CopyTableName, rows: readonly CopyRow[]): Promise<void>;
  /** Makes the touched rows what they are at the source. */
  apply(changes: Changes): Promise<void>;
  /** Puts the counters of numbers and of the control log above what is there. */
  settle(controlHead: number): Promise<void>;
  /** Opens what is unfinished as the store that it will be. Once. */
  open(): Promise<Store>;
  /** Everything is synced and no longer unfinished. */
  complete(): Promise<void>;
  /** Takes `complete` back. */
  uncomplete(): Promise<void>;
  counts(): Promise<Readonly<Record<CopyTableName, number>>>;
}

/** A database, before it is decided which way it is copied. */
export interface CopyEnd extends CopySource, ChangeCapture, CopyTarget {
  readonly engine: EngineName;
  /** Other programs of ours that are connected now, as far as the database tells. */
  neighbours(): Promise<number>;
  close(): Promise<void>;
}

/** Rows of one chunk at most. */
export const chunkRows = 500;
/** About as many UTF-16 code units of payloads, terms and facts. */
export const chunkChars = 2_000_000;

/** What two databases must agree on about a room, in one text. */
export function stateText(cells: readonly Cell[]): string {
  return cells
    .map((cell) =>
      cell instanceof Uint8Array
        ? Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString("hex")
        : String(cell),
    )
    .join(" ");
}

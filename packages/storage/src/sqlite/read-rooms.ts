import type { ControlEntry, ControlFact, LogQuery } from "@parlance/core";
import { toHex } from "@parlance/core/chain";
import type { Database } from "./database.ts";
import { inSnapshot } from "./in-snapshot.ts";
import {
  type RecordColumns,
  type RoomColumns,
  recordColumns,
  roomColumns,
} from "./read-directory.ts";
import type { Cell } from "./thread-messages.ts";

/** A page with its events as flat cells: sequence, id, type, author, key, time, payload, countable. */
export interface PageColumns {
  readonly room: RoomColumns;
  readonly cells: Cell[];
}

export const eventStride = 8;

export interface ProofColumns {
  readonly epochPart: string;
  readonly hashBefore: string;
  readonly hashAfter: string;
  readonly commitments: ({ nonce: string } | { commitment: string })[];
}

/** Every read of the logs, by name. Called in a reader thread. */
export interface RoomReads {
  room(room: string): RecordColumns | undefined;
  read(query: LogQuery): PageColumns | undefined;
  heads(rooms: readonly string[]): RoomColumns[];
  proof(
    room: string,
    from: number,
    to: number,
    withheld: readonly number[],
  ): ProofColumns | undefined;
  control(after: number): ControlEntry[];
  controlHead(): number;
}

interface EventRow {
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly author: string;
  readonly client_message_id: string | null;
  readonly time: number;
  readonly payload: string | null;
  readonly bytes: number;
  readonly countable: number;
}

const eventSelect = `SELECT sequence, id, type, author, client_message_id, time, payload,
  coalesce(octet_length(payload), 0) AS bytes, countable FROM events`;

export function createRoomReads(database: Database): RoomReads {
  const roomRow = (room: string): RoomColumns | undefined =>
    database.get<RoomColumns>(`SELECT ${roomColumns} FROM rooms WHERE room = ?`, room);

  const events = (query: LogQuery): Iterable<EventRow> => {
    if (query.after === undefined) {
      return database.iterate<EventRow>(
        `${eventSelect} WHERE room = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?`,
        query.room,
        query.before ?? Number.MAX_SAFE_INTEGER,
        query.limit,
      );
    }
    return database.iterate<EventRow>(
      `${eventSelect} WHERE room = ? AND sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?`,
      query.room,
      query.after,
      query.upTo ?? Number.MAX_SAFE_INTEGER,
      query.limit,
    );
  };

  return {
    room: (room) =>
      database.get<RecordColumns>(`SELECT ${recordColumns} FROM rooms WHERE room = ?`, room),

    read: (query) =>
      inSnapshot(database, () => {
        const room = roomRow(query.room);
        if (room === undefined) return undefined;
        const rows: EventRow[] = [];
        let bytes = 0;
        for (const row of events(query)) {
          bytes += row.bytes;
          rows.push(row);
          if (query.maxBytes !== undefined && bytes > query.maxBytes) break;
        }
        if (query.after === undefined) rows.reverse();
        const cells: Cell[] = [];
        for (const row of rows) {
          cells.push(
            row.sequence,
            row.id,
            row.type,
            row.author,
            row.client_message_id,
            row.time,
            row.payload,
            row.countable,
          );
        }
        return { room, cells };
      }),

    heads: (rooms) =>
      database.all<RoomColumns>(
        `SELECT ${roomColumns} FROM rooms WHERE room IN (SELECT value FROM json_each(?))`,
        JSON.stringify(rooms),
      ),

    proof: (room, from, to, withheld) =>
      inSnapshot(database, () => proof(database, room, { from, to, withheld })),

    control: (after) =>
      database
        .all<{ sequence: number; time: number; fact: string }>(
          "SELECT sequence, time, fact FROM control_log WHERE sequence > ? ORDER BY sequence LIMIT 1000",
          after,
        )
        .map(({ sequence, time, fact }) => ({
          sequence,
          time,
          fact: JSON.parse(fact) as ControlFact,
        })),

    controlHead: () =>
      database.get<{ head: number }>("SELECT coalesce(max(sequence), 0) AS head FROM control_log")
        ?.head ?? 0,
  };
}

interface ProofRange {
  readonly from: number;
  readonly to: number;
  /** Sequences of which only the commitment is told. */
  readonly withheld: readonly number[];
}

function proof(
  database: Database,
  room: string,
  { from, to, withheld }: ProofRange,
): ProofColumns | undefined {
  const state = database.get<{
    epoch_part: string;
    head: number;
    floor: number;
    floor_hash: Uint8Array;
  }>("SELECT epoch_part, head, floor, floor_hash FROM rooms WHERE room = ?", room);
  if (state === undefined || from <= state.floor || to > state.head || from > to) return undefined;
  const rows = database.all<{
    sequence: number;
    hash: Uint8Array;
    nonce: Uint8Array | null;
    commitment: Uint8Array;
  }>(
    `SELECT sequence, hash, nonce, commitment FROM events
     WHERE room = ? AND sequence BETWEEN ? AND ? ORDER BY sequence`,
    room,
    from - 1,
    to,
  );
  const before = from - 1 === state.floor ? state.floor_hash : rows.shift()?.hash;
  const after = rows.at(-1);
  if (before === undefined || after === undefined) return undefined;
  return {
    epochPart: state.epoch_part,
    hashBefore: toHex(before),
    hashAfter: toHex(after.hash),
    commitments: rows.map(({ sequence, nonce, commitment }) =>
      nonce === null || withheld.includes(sequence)
        ? { commitment: toHex(commitment) }
        : { nonce: toHex(nonce) },
    ),
  };
}

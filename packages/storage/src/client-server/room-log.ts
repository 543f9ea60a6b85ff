import type { LogQuery, NewRoom, RoomLog, RoomRecord } from "@parlance/core";
import { canonicalPayload, toHex } from "@parlance/core/chain";
import type { Epoch, RoomId } from "@parlance/protocol";
import { randomPart } from "../sql/random-part.ts";
import { type EventColumns, storedEvent } from "../sql/stored-event.ts";
import type { Reads, Write } from "./access.ts";
import { type Batch, keyHash } from "./batch.ts";
import { readControl, readControlHead } from "./control-log.ts";
import type { Lanes } from "./lanes.ts";
import { createOpenTexts } from "./open-texts.ts";
import { findMessage, messageStats, readMessages } from "./read-messages.ts";
import { type RoomColumns, readRoom, roomColumns, roomHead, roomRecord } from "./rooms.ts";
import type { EngineSql, Session } from "./session.ts";

export function createRoomLog(
  lanes: Lanes<Batch>,
  reads: Reads,
  write: Write,
  sql: EngineSql,
  search: RoomLog["search"],
): RoomLog {
  /** Rooms that are being made: who comes second waits, and finds what the first made. */
  const opening = new Map<RoomId, Promise<RoomRecord | undefined>>();

  const make = async (room: RoomId, createAs: NewRoom): Promise<RoomRecord | undefined> => {
    const known = await reads.each((session) => readRoom(session, room));
    if (known !== undefined) return roomRecord(known);
    await lanes.call(room, createAs, async () => undefined);
    const made = await reads.each((session) => readRoom(session, room));
    return made === undefined ? undefined : roomRecord(made);
  };

  return {
    append: (append) =>
      lanes.append({
        append,
        payload: canonicalPayload(append.event.data),
        key: keyHash(append),
      }),

    open: async (room, createAs) => {
      if (createAs === undefined) {
        const known = await reads.each((session) => readRoom(session, room));
        return known === undefined ? undefined : roomRecord(known);
      }
      await opening.get(room)?.catch(() => undefined);
      const under = opening.get(room);
      if (under !== undefined) return under;
      const made = make(room, createAs);
      opening.set(room, made);
      try {
        return await made;
      } finally {
        opening.delete(room);
      }
    },

    renewEpochs: (seen) => write((session) => renew(session, seen)),

    read: (query) => reads.page((session) => readPage(session, query)),

    heads: async (rooms) => {
      if (rooms.length === 0) return new Map();
      const rows = await reads.each((session) =>
        session.all<RoomColumns>(
          `SELECT ${roomColumns} FROM {rooms} r WHERE r.room IN (?*)`,
          rooms,
        ),
      );
      return new Map(rows.map((row) => [row.room, roomHead(row)]));
    },

    proof: (room, from, to, withheld = []) =>
      reads.snapshot((session) => readProof(session, room, { from, to, withheld })),
    findMessage: (ref) => reads.each((session) => findMessage(session, ref)),
    messages: (query) => reads.snapshot((session) => readMessages(session, query)),
    messageStats: (room) => reads.snapshot((session) => messageStats(session, room)),
    search,
    ...createOpenTexts(reads, write, sql),
    control: (after) => reads.each((session) => readControl(session, after)),
    controlHead: () => reads.each(readControlHead),
  } satisfies RoomLog;
}

/** The install's half of all epochs, unless another node has changed it. */
async function renew(session: Session, seen: Epoch): Promise<void> {
  const [installPart = ""] = seen.split(".");
  await session.run(
    "UPDATE {meta} SET value = ? WHERE name = 'install_part' AND value = ?",
    Buffer.from(randomPart(), "latin1"),
    Buffer.from(installPart, "latin1"),
  );
}

type EventRow = RoomColumns & { readonly [K in keyof EventColumns]: EventColumns[K] | null };

/**
 * One statement sees one state, so the room and its events belong together. `running` counts the payloads' bytes from the
 * page's begin; a row stays while what stands before it is within the bound.
 */
function pageSelect(condition: string, order: "ASC" | "DESC"): string {
  return `SELECT ${roomColumns}, e.sequence, e.id, e.type, e.author,
      e.client_message_id AS "clientMessageId", e.time, e.payload, e.counted AS "countedEvents"
    FROM {rooms} r LEFT JOIN (
      SELECT room, sequence, id, type, author, client_message_id, time, payload, countable AS counted,
        coalesce(octet_length(payload), 0) AS bytes,
        sum(coalesce(octet_length(payload), 0)) OVER (ORDER BY sequence ${order}) AS running
      FROM (SELECT * FROM {events} WHERE room = ? AND ${condition} ORDER BY sequence ${order} LIMIT ?) page
    ) e ON e.room = r.room AND e.running - e.bytes <= ?
    WHERE r.room = ? ORDER BY e.sequence`;
}

const pageAfter = pageSelect("sequence > ? AND sequence <= ?", "ASC");
const pageBefore = pageSelect("sequence < ?", "DESC");

type PageRow = EventRow & { readonly countedEvents: number };

async function readPage(session: Session, query: LogQuery): Promise<LogPageOf | undefined> {
  const { room, after, before, upTo, limit } = query;
  const most = Number.MAX_SAFE_INTEGER;
  const maxBytes = query.maxBytes ?? most;
  const rows =
    after === undefined
      ? await session.all<PageRow>(pageBefore, room, before ?? most, limit, maxBytes, room)
      : await session.all<PageRow>(pageAfter, room, after, upTo ?? most, limit, maxBytes, room);
  const [first] = rows;
  if (first === undefined) return undefined;
  const events = rows
    .filter(({ sequence }) => sequence !== null)
    .map((row) => storedEvent(room, { ...(row as EventColumns), countable: row.countedEvents }));
  return { ...roomHead(first), events };
}

type LogPageOf = NonNullable<Awaited<ReturnType<RoomLog["read"]>>>;
type ProofOf = NonNullable<Awaited<ReturnType<RoomLog["proof"]>>>;

interface ProofRange {
  readonly from: number;
  readonly to: number;
  /** Sequences of which only the commitment is told. */
  readonly withheld: readonly number[];
}

async function readProof(
  session: Session,
  room: RoomId,
  { from, to, withheld }: ProofRange,
): Promise<ProofOf | undefined> {
  const state = await session.get<RoomColumns & { floorHash: Uint8Array }>(
    `SELECT ${roomColumns}, r.floor_hash AS "floorHash" FROM {rooms} r WHERE r.room = ?`,
    room,
  );
  if (state === undefined || from <= state.floor || to > state.head || from > to) return undefined;
  const rows = await session.all<{
    sequence: number;
    hash: Uint8Array;
    nonce: Uint8Array | null;
    commitment: Uint8Array;
  }>(
    `SELECT sequence, hash, nonce, commitment FROM {events}
     WHERE room = ? AND sequence BETWEEN ? AND ? ORDER BY sequence`,
    room,
    from - 1,
    to,
  );
  const before = from - 1 === state.floor ? state.floorHash : rows.shift()?.hash;
  const after = rows.at(-1);
  if (before === undefined || after === undefined) return undefined;
  return {
    epoch: roomHead(state).epoch satisfies Epoch,
    hashBefore: toHex(before),
    hashAfter: toHex(after.hash),
    commitments: rows.map(({ sequence, nonce, commitment }) =>
      nonce === null || withheld.includes(Number(sequence))
        ? { commitment: toHex(commitment) }
        : { nonce: toHex(nonce) },
    ),
  };
}

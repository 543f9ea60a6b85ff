/** One transaction of a lane: its rooms are locked first, then everything is decided in memory and written many rows at a time. */
import { hash } from "node:crypto";
import type { Append, Appended, NewRoom } from "@parlance/core";
import { type Chain, chainStart } from "@parlance/core/chain";
import type { AnyDurableEvent, Epoch, EventId } from "@parlance/protocol";
import { repeatedBody } from "../sql/body.ts";
import { changesRights } from "../sql/changes-rights.ts";
import { isCountable } from "../sql/countable.ts";
import { randomPart } from "../sql/random-part.ts";
import { newSettings } from "../sql/room-settings.ts";
import type { AppendJob } from "./lanes.ts";
import { type MessageRefusal, messageRefusal } from "./message-events.ts";
import { PendingRows } from "./pending-rows.ts";
import { projectOther } from "./projections.ts";
import type { Cell, EngineSql, Session } from "./session.ts";
import { newRoomColumns } from "./tables.ts";

/** A room's row inside a transaction that holds its lock; written back once, at the end. */
export interface RoomRow {
  readonly room: string;
  readonly kind: string;
  readonly epoch_part: string;
  readonly install_part: string;
  readonly floor: number;
  head: number;
  head_hash: Uint8Array;
  revision: number;
  countable: number;
  isChanged: boolean;
}

/** What hashes and draws for a store's batches. */
export interface BatchTools {
  readonly sql: EngineSql;
  readonly chain: Chain;
  /** Tells a repeat from another body without keeping the body. Its key never leaves the server. */
  readonly keyedHash: (text: string) => Uint8Array;
  readonly nextNonce: () => Uint8Array;
  readonly crash: (point: "mid_transaction") => void;
}

interface StoredRow {
  readonly key_hash: Uint8Array;
  readonly sequence: number;
  readonly id: string;
  readonly time: number;
  readonly payload_hash: Uint8Array;
  readonly countable: number;
}

/** What lanes give to the jobs of one transaction. */
export class Batch {
  readonly session: Session;
  readonly #tools: BatchTools;
  readonly #rooms = new Map<string, RoomRow>();
  readonly #repeats = new Map<string, StoredRow>();
  readonly #pending: PendingRows;

  constructor(session: Session, tools: BatchTools) {
    this.session = session;
    this.#tools = tools;
    this.#pending = new PendingRows(session, tools.sql);
  }

  /** Before everything else: locks the rooms that are there, in one order on all nodes, and looks for repeats. */
  async begin(
    rooms: readonly string[],
    keys: readonly Buffer[],
    creates: readonly (readonly [string, NewRoom])[],
  ): Promise<void> {
    // Where two want to make one room, the first says how.
    const made = new Map([...creates].reverse());
    const rows = [...made].map(([room, create]) => newRoomCells(room, create));
    const making =
      rows.length === 0
        ? undefined
        : this.session.insertNew({ table: "rooms", columns: newRoomColumns, rows });
    // The look for repeats runs once the locks are held: what another node stored a moment ago is found.
    await Promise.all([making, this.#lock(rooms), this.#findRepeats(keys)]);
  }

  async #findRepeats(keys: readonly Buffer[]): Promise<void> {
    if (keys.length === 0) return;
    const rows = await this.session.all<StoredRow>(
      `SELECT key_hash, sequence, id, time, payload_hash, countable FROM {events}
       WHERE key_hash IN (?*)`,
      keys,
    );
    for (const row of rows) this.#repeats.set(toKey(row.key_hash), row);
  }

  /** A row that `begin` locked. */
  room(room: string): RoomRow | undefined {
    return this.#rooms.get(room);
  }

  /** Writes what waits to be written, so that the next statement sees it. */
  async flush(): Promise<void> {
    await Promise.all(this.#pending.write());
  }

  /** What is left to be written before the commit, asked for together. */
  last(): readonly Promise<unknown>[] {
    const writes = this.#pending.write();
    this.#tools.crash("mid_transaction");
    const changed = [...this.#rooms.values()].filter(({ isChanged }) => isChanged);
    return [...writes, ...this.#pending.writeRooms(changed)];
  }

  /** Most need nothing that is not in memory, and are not waited for. */
  append(job: AppendJob): Appended | Promise<Appended> {
    const { append, payload, key } = job;
    const event = append.event as AnyDurableEvent;
    const sent = (append.sent ?? event) as AnyDurableEvent;
    const payloadHash = this.#tools.keyedHash(repeatedBody(sent));
    const row = this.#rooms.get(append.room);
    if (row === undefined && append.create === undefined) return { outcome: "absent" };
    if (row === undefined) return this.#appendSlowly(job, event, row, payloadHash);
    const early = this.#answered(append, row, key, payloadHash);
    if (early !== undefined) return early;
    if (!isPlain(event)) return this.#appendSlowly(job, event, row, payloadHash);
    return this.#store(append, event, payload, row, key, payloadHash);
  }

  async #appendSlowly(
    { append, payload, key }: AppendJob,
    event: AnyDurableEvent,
    known: RoomRow | undefined,
    payloadHash: Uint8Array,
  ): Promise<Appended> {
    let row = known;
    if (!isPlain(event)) await this.flush();
    const refusal = await messageRefusal(this.session, this.#tools.sql, append, event);
    if (refusal !== undefined) return refused(refusal, row);
    if (row === undefined && append.create !== undefined) {
      const made = await this.#create(append.room, append.create);
      row = made.row;
      if (!made.isNew) {
        // Somebody else made it between our look and now; perhaps with this very append.
        await this.#findRepeats(key === undefined ? [] : [key]);
        return this.#answered(append, row, key, payloadHash) ?? { outcome: "exists" };
      }
    }
    if (row === undefined) return { outcome: "absent" };
    const stored = this.#store(append, event, payload, row, key, payloadHash);
    if (!isPlain(event)) {
      await this.flush();
      await projectOther(this.session, this.#tools.sql, this.#pending, append, event, row);
    }
    return stored;
  }

  /** An answer that needs no more than the room's row and the repeats: before rights, since what is stored cannot be refused. */
  #answered(
    append: Append,
    row: RoomRow,
    key: Uint8Array | undefined,
    payloadHash: Uint8Array,
  ): Appended | undefined {
    const repeat = key === undefined ? undefined : this.#repeats.get(toKey(key));
    if (repeat !== undefined) {
      if (Buffer.compare(repeat.payload_hash, payloadHash) !== 0) return { outcome: "conflict" };
      return storedAt(row, repeat, true);
    }
    if (append.create !== undefined) return { outcome: "exists" };
    if (append.revision !== undefined && row.revision > append.revision) {
      return { outcome: "stale", revision: row.revision };
    }
    return undefined;
  }

  #store(
    append: Append,
    event: AnyDurableEvent,
    payload: string,
    row: RoomRow,
    key: Uint8Array | undefined,
    payloadHash: Uint8Array,
  ): Appended {
    const { chain, nextNonce } = this.#tools;
    const nonce = nextNonce();
    const commitment = chain.commitment(nonce, payload);
    row.head += 1;
    row.isChanged = true;
    if (isCountable(event)) row.countable += 1;
    else if (changesRights(event)) row.revision += 1;
    row.head_hash = chain.next(
      row.head_hash,
      {
        room: row.room,
        sequence: row.head,
        id: append.id,
        type: event.type,
        author: append.author,
        time: new Date(append.time).toISOString(),
        client_message_id: append.clientMessageId,
      },
      commitment,
    );
    const { id, time } = append;
    const { head: sequence, countable } = row;
    this.#pending.event(append, event, {
      room: row.room,
      sequence,
      countable,
      key,
      payload,
      nonce,
      commitment,
      hash: row.head_hash,
      payloadHash,
    });
    const place = { sequence, id, time, countable };
    if (key !== undefined) {
      this.#repeats.set(toKey(key), { ...place, key_hash: key, payload_hash: payloadHash });
    }
    return storedAt(row, place, false);
  }

  async #lock(rooms: readonly string[]): Promise<void> {
    const { inKeyOrder, forUpdate } = this.#tools.sql;
    const rows = await this.session.all<Omit<RoomRow, "isChanged">>(
      `SELECT room, kind, epoch_part, floor, head, head_hash, revision, countable,
         (SELECT value FROM {meta} WHERE name = 'install_part') AS install_part
       FROM {rooms}${inKeyOrder} WHERE room IN (?*) ORDER BY room ${forUpdate}`,
      rooms,
    );
    for (const row of rows) {
      const install_part = Buffer.from(row.install_part).toString("latin1");
      this.#rooms.set(row.room, { ...row, install_part, isChanged: false });
    }
  }

  async #create(
    room: string,
    create: NewRoom,
  ): Promise<{ readonly row: RoomRow; readonly isNew: boolean }> {
    const rows = [newRoomCells(room, create)];
    const inserted = await this.session.insertNew({
      table: "rooms",
      columns: newRoomColumns,
      rows,
    });
    await this.#lock([room]);
    const row = this.#rooms.get(room);
    if (row === undefined) throw new Error("a room that was just made is not there");
    return { row, isNew: inserted > 0 };
  }
}

function newRoomCells(room: string, { kind, title, createdAt }: NewRoom): readonly Cell[] {
  const hash = chainStart();
  const { listed, terms } = newSettings(kind, title);
  return [room, kind, title, randomPart(), 0, 0, hash, hash, 0, 0, createdAt, listed, terms];
}

/**
 * What stands for (room, principal, client message id) in the index that keeps an append from being stored twice: 8 bytes
 * of the room's hash, so that a room's keys lie together, and 16 of the whole. Part of the data: never to be changed.
 */
export function keyHash(append: {
  readonly room: string;
  readonly principal: string;
  readonly clientMessageId?: string;
}): Buffer | undefined {
  const { room, principal, clientMessageId } = append;
  if (clientMessageId === undefined) return undefined;
  const key = Buffer.allocUnsafeSlow(24);
  hash("sha256", room, "buffer").copy(key, 0, 0, 8);
  hash("sha256", `${room} ${principal} ${clientMessageId}`, "buffer").copy(key, 8, 0, 16);
  return key;
}

function toKey(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString("latin1");
}

function storedAt(
  row: RoomRow,
  place: Pick<StoredRow, "sequence" | "id" | "time" | "countable">,
  repeated: boolean,
): Appended {
  return {
    outcome: "stored",
    epoch: epochOf(row),
    sequence: place.sequence,
    id: place.id as EventId,
    time: place.time,
    repeated,
    revision: row.revision,
    countable: place.countable,
  };
}

function refused(refusal: MessageRefusal, row: RoomRow | undefined): Appended {
  if (refusal === "unchanged" && row !== undefined)
    return { outcome: refusal, epoch: epochOf(row) };
  return { outcome: refusal === "unchanged" ? "gone" : refusal };
}

/** Changes nothing but what all messages change, which is written with many others. */
function isPlain(event: AnyDurableEvent): boolean {
  if (event.type !== "message.created") return false;
  const { open, thread, mentions } = event.data;
  return open === undefined && thread === undefined && mentions === undefined;
}

function epochOf(row: RoomRow): Epoch {
  return `${row.install_part}.${row.epoch_part}` as Epoch;
}

import type { NewRoom, Sha256 } from "@parlance/core";
import { canonicalPayload, chainStart, createChain } from "@parlance/core/chain";
import type { AnyDurableEvent, DurablePayloads, UserId } from "@parlance/protocol";
import { repeatedBody } from "../sql/body.ts";
import { changesRights } from "../sql/changes-rights.ts";
import { isCountable } from "../sql/countable.ts";
import { createKeyedHash } from "../sql/keyed-hash.ts";
import { nonceSource } from "../sql/nonces.ts";
import { randomPart } from "../sql/random-part.ts";
import { newSettings } from "../sql/room-settings.ts";
import type { Database } from "./database.ts";
import { type AppendColumns, type Cell, outcomeCode } from "./thread-messages.ts";
import {
  endMembership,
  isEntrance,
  isGoodInvite,
  letIn,
  projectEntrance,
} from "./write-entrances.ts";
import { shareFile, unshareFile } from "./write-files.ts";
import { createMessageWrites } from "./write-messages.ts";

/** A room's row inside a transaction; written back once, at its end. */
export interface RoomRow {
  readonly room: string;
  readonly kind: string;
  readonly epoch_part: string;
  readonly floor: number;
  head: number;
  head_hash: Uint8Array;
  revision: number;
  countable: number;
  changed: boolean;
}

interface StoredRow {
  readonly sequence: number;
  readonly id: string;
  readonly time: number;
  readonly payload_hash: Uint8Array;
  readonly countable: number;
}

/** The part of the writer that changes rooms. All calls belong to one transaction until `finish`. */
export interface RoomWrites {
  /** Forgets what it knows of rooms: at the start of a transaction. */
  begin(): void;
  /** Stores one event or refuses it; adds its result's cells. */
  append(append: AppendColumns, results: Cell[]): void;
  /** The room's row, made first if it is absent and `create` is given. */
  open(room: string, create: NewRoom | undefined): RoomRow | undefined;
  /** Writes the marks that publishing moved, so that the next statement sees them. */
  flushMarks(): void;
  /** Writes what is left to write: before the commit. */
  finish(): void;
  /** Whether a payload was erased since `begin`. */
  readonly hasErased: boolean;
}

/**
 * @param key Of the keyed hash that tells whether a repeat has the same body. Never leaves the server, so the
 *   hash cannot be used to guess an erased text.
 */
export function createRoomWrites(database: Database, key: Uint8Array, sha256: Sha256): RoomWrites {
  const rooms = new Map<string, RoomRow>();
  /** Room, author, sequence, countable of the newest message by author, in this transaction. */
  const marks = new Map<string, readonly [string, string, number, number]>();
  const chain = createChain(sha256);
  const keyedHash = createKeyedHash(key, sha256);
  const messages = createMessageWrites(database);
  const nextNonce = nonceSource();

  const load = (room: string): RoomRow | undefined => {
    const known = rooms.get(room);
    if (known !== undefined) return known;
    const row = database.get<Omit<RoomRow, "changed">>(
      `SELECT room, kind, epoch_part, floor, head, head_hash, revision, countable
       FROM rooms WHERE room = ?`,
      room,
    );
    if (row === undefined) return undefined;
    const loaded = { ...row, changed: false };
    rooms.set(room, loaded);
    return loaded;
  };

  const create = (room: string, kind: string, title: string, createdAt: number): RoomRow => {
    const row: RoomRow = {
      room,
      kind,
      epoch_part: randomPart(),
      floor: 0,
      head: 0,
      head_hash: chainStart(),
      revision: 0,
      countable: 0,
      changed: false,
    };
    const { listed, terms } = newSettings(kind, title);
    database.run(
      `INSERT INTO rooms (room, kind, title, epoch_part, head, floor, floor_hash, head_hash, revision,
         countable, created_at, listed, terms)
       VALUES (?, ?, ?, ?, 0, 0, ?, ?, 0, 0, ?, ?, ?)`,
      room,
      kind,
      title,
      row.epoch_part,
      row.head_hash,
      row.head_hash,
      createdAt,
      listed,
      terms,
    );
    rooms.set(room, row);
    return row;
  };

  const flushMarks = (): void => {
    for (const [room, author, sequence, countable] of marks.values()) {
      database.run(
        `UPDATE read_marks SET public_sequence = max(public_sequence, ?), private_sequence = ?,
           private_countable = ? WHERE room = ? AND user = ?`,
        sequence,
        sequence,
        countable,
        room,
        author,
      );
    }
    marks.clear();
  };

  const repeatOf = (
    append: AppendColumns,
    hash: Uint8Array,
  ): StoredRow | "conflict" | undefined => {
    if (append.clientMessageId === null) return undefined;
    const row = database.get<StoredRow>(
      `SELECT sequence, id, time, payload_hash, countable FROM events
       WHERE room = ? AND principal = ? AND client_message_id = ?`,
      append.room,
      append.principal,
      append.clientMessageId,
    );
    if (row === undefined) return undefined;
    return Buffer.compare(row.payload_hash, hash) === 0 ? row : "conflict";
  };

  const project = (row: RoomRow, append: AppendColumns, event: AnyDurableEvent): void => {
    const { room, head: sequence } = row;
    const { id, author, principal, time } = append;
    messages.project({ room, sequence, id, author, principal, time }, event);
    if (event.type === "message.created") {
      // Who did not write it itself has not read it either; a thread has marks of its own.
      if (append.principal === author && event.data.thread === undefined) {
        marks.set(`${room} ${author}`, [room, author, sequence, row.countable]);
      }
    } else if (event.type === "member.joined") {
      flushMarks();
      joinMember(database, row, event.data);
    } else if (event.type === "member.left") {
      flushMarks();
      removeMember(database, row, event.data.user, time);
    } else if (isEntrance(event)) {
      flushMarks();
      projectEntrance(database, { room, sequence, author, time }, event);
    } else if (event.type === "file.shared") {
      shareFile(database, { room, sequence, time }, event.data);
    } else if (event.type === "file.deleted") {
      unshareFile(database, { room, sequence, time }, event.data);
    }
  };

  return {
    begin: () => {
      rooms.clear();
      marks.clear();
      messages.begin();
    },

    get hasErased() {
      return messages.hasErased;
    },

    append: (append, results) => {
      let row = load(append.room);
      if (row === undefined && append.createKind === null) {
        results.push(outcomeCode.absent, null, 0, null, 0, 0, 0);
        return;
      }
      const event = { type: append.type, data: JSON.parse(append.data) } as AnyDurableEvent;
      const sent = append.sent === null ? event : (JSON.parse(append.sent) as AnyDurableEvent);
      const payloadHash = keyedHash(repeatedBody(sent));
      if (row !== undefined) {
        // Before everything else: a repeat is answered with its place even if rights changed since.
        const repeat = repeatOf(append, payloadHash);
        if (repeat === "conflict") {
          results.push(outcomeCode.conflict, null, 0, null, 0, 0, 0);
          return;
        }
        if (repeat !== undefined) {
          results.push(
            outcomeCode.repeated,
            row.epoch_part,
            repeat.sequence,
            repeat.id,
            repeat.time,
            row.revision,
            repeat.countable,
          );
          return;
        }
        if (append.createKind !== null) {
          results.push(outcomeCode.exists, null, 0, null, 0, 0, 0);
          return;
        }
        if (append.revision !== null && row.revision > append.revision) {
          results.push(outcomeCode.stale, null, 0, null, 0, row.revision, 0);
          return;
        }
      }
      const refusal = messages.refusal(append, event) ?? inviteRefusal(database, append, event);
      if (refusal !== undefined) {
        results.push(refusal, row?.epoch_part ?? null, 0, null, 0, 0, 0);
        return;
      }
      row ??= create(
        append.room,
        append.createKind ?? "",
        append.createTitle ?? "",
        append.createdAt ?? append.time,
      );

      const payload = canonicalPayload(event.data);
      const nonce = nextNonce();
      const commitment = chain.commitment(nonce, payload);
      row.head += 1;
      if (isCountable(event)) row.countable += 1;
      else if (changesRights(event)) row.revision += 1;
      row.changed = true;
      row.head_hash = chain.next(
        row.head_hash,
        {
          room: row.room,
          sequence: row.head,
          id: append.id,
          type: append.type,
          author: append.author,
          time: new Date(append.time).toISOString(),
          client_message_id: append.clientMessageId ?? undefined,
        },
        commitment,
      );
      database.run(
        `INSERT INTO events (room, sequence, id, type, author, principal, device, client_message_id, time,
           payload, nonce, commitment, hash, payload_hash, countable)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        row.room,
        row.head,
        append.id,
        append.type,
        append.author,
        append.principal,
        append.device,
        append.clientMessageId,
        append.time,
        payload,
        nonce,
        commitment,
        row.head_hash,
        payloadHash,
        row.countable,
      );
      project(row, append, event);
      results.push(
        outcomeCode.stored,
        row.epoch_part,
        row.head,
        append.id,
        append.time,
        row.revision,
        row.countable,
      );
    },

    open: (room, wanted) => {
      const row = load(room);
      if (row !== undefined || wanted === undefined) return row;
      return create(room, wanted.kind, wanted.title, wanted.createdAt);
    },

    flushMarks,

    finish: () => {
      flushMarks();
      messages.finish();
      for (const row of rooms.values()) {
        if (!row.changed) continue;
        database.run(
          "UPDATE rooms SET head = ?, head_hash = ?, revision = ?, countable = ? WHERE room = ?",
          row.head,
          row.head_hash,
          row.revision,
          row.countable,
          row.room,
        );
      }
    },
  };
}

/** Whether this is no invite that is good. */
function inviteRefusal(
  database: Database,
  { room, time }: AppendColumns,
  event: AnyDurableEvent,
): number | undefined {
  if (event.type !== "member.joined" || event.data.invite_id === undefined) return undefined;
  const isGood = isGoodInvite(database, room, event.data.invite_id, time);
  return isGood ? undefined : outcomeCode.gone;
}

function joinMember(
  database: Database,
  row: RoomRow,
  member: DurablePayloads["member.joined"],
): void {
  letIn(database, row.room, member);
  const changed = database.run(
    "UPDATE members SET role = ?, name = ? WHERE room = ? AND user = ?",
    member.role,
    member.name,
    row.room,
    member.user,
  );
  if (changed > 0) return;
  database.run(
    "INSERT INTO members (room, user, name, role, joined_sequence) VALUES (?, ?, ?, ?, ?)",
    row.room,
    member.user,
    member.name,
    member.role,
    row.head,
  );
  // What was put into an inbox before its owner first looked is news.
  const isAllNew = row.kind === "inbox";
  const mark = isAllNew ? 0 : row.head;
  database.run(
    `INSERT INTO read_marks (room, user, public_sequence, private_sequence, private_countable)
     VALUES (?, ?, ?, ?, ?)`,
    row.room,
    member.user,
    mark,
    mark,
    isAllNew ? 0 : row.countable,
  );
}

function removeMember(database: Database, row: RoomRow, user: UserId, time: number): void {
  endMembership(database, { room: row.room, sequence: row.head, time }, user);
}

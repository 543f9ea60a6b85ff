import type { Append } from "@parlance/core";
import { messageTerms } from "@parlance/core/search";
import type { AnyDurableEvent } from "@parlance/protocol";
import type { RoomRow } from "./batch.ts";
import type { Cell, EngineSql, Session } from "./session.ts";
import {
  eventColumns,
  markColumns,
  messageColumns,
  roomAuthorColumns,
  roomStateColumns,
} from "./tables.ts";
import { addTermRows } from "./term-rows.ts";

/** What a stored event has beside its append. */
export interface EventCells {
  readonly room: string;
  readonly sequence: number;
  readonly countable: number;
  readonly key: Uint8Array | undefined;
  /** Canonical JSON. */
  readonly payload: string;
  readonly nonce: Uint8Array;
  readonly commitment: Uint8Array;
  readonly hash: Uint8Array;
  readonly payloadHash: Uint8Array;
}

/** Rows of one transaction that are written together: with the next flush, or at the end. */
export class PendingRows {
  readonly #session: Session;
  readonly #hasTermRows: boolean;
  #events: Cell[][] = [];
  #messages: Cell[][] = [];
  /** Of the same messages, where terms have rows of their own: ids and terms. */
  #terms: (readonly [string, string])[] = [];
  /** Room, author, and by how many messages that author has more now. */
  readonly #tallies = new Map<string, [string, string, number]>();
  /** Room, author, sequence twice, countable: of the newest message by author. */
  readonly #marks = new Map<string, readonly Cell[]>();

  constructor(session: Session, { hasTermRows }: Pick<EngineSql, "hasTermRows">) {
    this.#session = session;
    this.#hasTermRows = hasTermRows;
  }

  event(append: Append, event: AnyDurableEvent, cells: EventCells): void {
    const { room, sequence, countable } = cells;
    this.#events.push([
      room,
      sequence,
      append.id,
      event.type,
      append.author,
      append.principal,
      append.device ?? null,
      append.clientMessageId ?? null,
      cells.key ?? null,
      append.time,
      cells.payload,
      cells.nonce,
      cells.commitment,
      cells.hash,
      cells.payloadHash,
      countable,
    ]);
    if (event.type !== "message.created") return;
    const { id, author } = append;
    const { text, data } = event.data;
    const terms = messageTerms({
      room: append.room,
      author,
      text,
      ...(data === undefined ? {} : { data }),
    });
    this.#messages.push([id, room, sequence, author, terms, sequence, append.time]);
    if (this.#hasTermRows) this.#terms.push([id, terms]);
    this.tally(room, author, 1);
    // Who did not write it itself has not read it either; a thread has marks of its own.
    const isOwn = (append.principal as string) === author;
    if (!isOwn || event.data.thread !== undefined) return;
    this.#marks.set(`${room} ${author}`, [room, author, sequence, sequence, countable]);
  }

  /** Counts the messages of an author in a room up or down. */
  tally(room: string, author: string, by: number): void {
    const key = `${room} ${author}`;
    const known = this.#tallies.get(key);
    if (known === undefined) this.#tallies.set(key, [room, author, by]);
    else known[2] += by;
  }

  /** Asks for everything to be written, in this order. */
  write(): readonly Promise<unknown>[] {
    const session = this.#session;
    const writes: Promise<unknown>[] = [];
    if (this.#events.length > 0) {
      const rows = this.#events;
      this.#events = [];
      writes.push(session.insert({ table: "events", columns: eventColumns, rows }));
    }
    if (this.#messages.length > 0) {
      const rows = this.#messages;
      this.#messages = [];
      writes.push(session.insert({ table: "messages", columns: messageColumns, rows }));
      writes.push(...addTermRows(session, this.#terms));
      this.#terms = [];
    }
    if (this.#tallies.size > 0) {
      const rows = [...this.#tallies.values()];
      this.#tallies.clear();
      const authors = { table: "room_authors", columns: roomAuthorColumns, rows } as const;
      writes.push(session.add(authors, ["room", "author"], "messages"));
    }
    if (this.#marks.size > 0) {
      const rows = [...this.#marks.values()];
      this.#marks.clear();
      const marks = { table: "read_marks", columns: markColumns, rows } as const;
      writes.push(session.update(marks, ["room", "user_id"], ["public_sequence"]));
    }
    return writes;
  }

  writeRooms(rooms: readonly RoomRow[]): readonly Promise<unknown>[] {
    if (rooms.length === 0) return [];
    const rows = rooms.map(({ room, head, head_hash, revision, countable }) => [
      room,
      head,
      head_hash,
      revision,
      countable,
    ]);
    const states = { table: "rooms", columns: roomStateColumns, rows } as const;
    return [this.#session.update(states, ["room"])];
  }
}

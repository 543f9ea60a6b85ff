/**
 * The ids of events: the position of the whole stream, which `EventSource` keeps and sends back by itself. Of one room
 * `<epoch>:<sequence>`; of several a text with one place for each room.
 */
import type { Epoch, Position, RoomId, Sequence } from "@parlance/protocol";

const epochForm = /^[A-Za-z0-9.]{1,64}$/;
const decimal = /^\d{1,16}$/;

/** The id of an event in a stream of one room. */
export function idOf(epoch: Epoch, sequence: Sequence): string {
  return `${epoch}:${sequence}`;
}

/** Where each room was by an id. Rooms that are not in it had no place yet. */
export type Positions = ReadonlyMap<RoomId, Position>;

/**
 * Reads an id back. Total.
 *
 * @param rooms Of the stream, in any order.
 * @returns undefined for what is no id of a stream of just these rooms: then no place is known.
 */
export function readPositions(id: string, rooms: readonly RoomId[]): Positions | undefined {
  const [room] = rooms;
  if (rooms.length !== 1 || room === undefined) return readSeveral(id, rooms);
  const colon = id.indexOf(":");
  const position = positionOf(id.slice(0, Math.max(0, colon)), id.slice(colon + 1), decimal, 10);
  return position === undefined ? undefined : new Map([[room, position]]);
}

function readSeveral(id: string, rooms: readonly RoomId[]): Positions | undefined {
  const sorted = rooms.toSorted();
  const [check, prefix = "", ...entries] = id.split(",");
  if (check !== checkOf(sorted) || entries.length !== sorted.length) return undefined;
  const positions = new Map<RoomId, Position>();
  for (const [index, room] of sorted.entries()) {
    const entry = entries[index] ?? "";
    if (entry === "") continue;
    const dash = entry.lastIndexOf("-");
    const short = entry.slice(0, Math.max(0, dash));
    const epoch = short.startsWith(foreign) ? short.slice(1) : `${prefix}${short}`;
    const position = positionOf(epoch, entry.slice(dash + 1), /^[0-9a-z]{1,11}$/, 36);
    if (position === undefined) return undefined;
    positions.set(room, position);
  }
  return positions;
}

function positionOf(
  epoch: string,
  digits: string,
  form: RegExp,
  radix: number,
): Position | undefined {
  if (!epochForm.test(epoch) || !form.test(digits)) return undefined;
  const offset = Number.parseInt(digits, radix);
  return Number.isSafeInteger(offset) ? { epoch: epoch as Epoch, offset } : undefined;
}

/** Before an epoch that is written whole, since it does not begin as the others do. */
const foreign = "!";

/**
 * Where a stream of several rooms is.
 *
 * Its text is `<check>,<prefix>,<place>,<place>…`: a hash of the rooms, what their epochs have in common (the
 * install's part, up to the first dot), and for each room in the order of their names the rest of its epoch, `-` and
 * its sequence in base 36; nothing for a room without a place. With 200 rooms whose epochs have 8 characters of their
 * own, that is below 4 KiB for every sequence below 36^10 (a million events a second for a hundred years).
 */
export class StreamPlaces {
  readonly #index: ReadonlyMap<string, number>;
  readonly #check: string;
  readonly #entries: string[];
  #prefix: string | undefined;

  constructor(rooms: readonly RoomId[]) {
    const sorted = rooms.toSorted();
    this.#index = new Map(sorted.map((room, index) => [room, index]));
    this.#check = checkOf(sorted);
    this.#entries = sorted.map(() => "");
  }

  /** Rooms that are not the stream's are ignored. */
  set(room: string, epoch: string, sequence: Sequence): void {
    const index = this.#index.get(room);
    if (index === undefined) return;
    this.#prefix ??= epoch.slice(0, epoch.indexOf(".") + 1);
    const short = epoch.startsWith(this.#prefix)
      ? epoch.slice(this.#prefix.length)
      : `${foreign}${epoch}`;
    this.#entries[index] = `${short}-${sequence.toString(36)}`;
  }

  /** The id for what has been written so far. */
  get text(): string {
    return `${this.#check},${this.#prefix ?? ""},${this.#entries.join(",")}`;
  }
}

/** Tells lists of rooms apart, so that no place is taken for another room's (FNV-1a, 32 bits). */
function checkOf(sorted: readonly RoomId[]): string {
  let hash = 0x811c9dc5;
  for (const char of sorted.join("\n")) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash.toString(36);
}

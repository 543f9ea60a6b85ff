/**
 * Walks over an update (Yjs, first encoding) without building anything of it. Stricter than the library, which reads past ends,
 * takes numbers for what they are not and loses structs where clients are not in their order.
 */
import { Bytes, Garbled } from "./bytes.ts";

/** Bound of clocks: no document counts so many characters, and sums of them stay exact. */
const maxClock = 2 ** 40;
/** Clients in one update. */
const maxClients = 65_536;

const hasOrigin = 128;
const hasRightOrigin = 64;
const hasParentSub = 32;
const contentBits = 31;

/** Contents by their number on the wire. */
const content = {
  gone: 0,
  deleted: 1,
  json: 2,
  binary: 3,
  string: 4,
  embed: 5,
  format: 6,
  type: 7,
  any: 8,
  document: 9,
  skip: 10,
} as const;

/** Shared types by their number; those with a name behind it. */
const types = 7;
const namedTypes: ReadonlySet<number> = new Set([3, 5]);

/** Who is told what is in an update. Clocks and lengths count as the library's. */
export interface Visitor {
  /** In the order of the update: clients descending, each one's clocks ascending without overlap. */
  struct(client: number, clock: number, length: number): void;
  /** What the struct that is told next stands on: it has to be there first. */
  needs?(client: number, clock: number): void;
  deleted(client: number, clock: number, length: number): void;
}

/** @throws Garbled */
export function scan(update: Uint8Array, visitor: Visitor): void {
  const bytes = new Bytes(update);
  const clients = bytes.number();
  if (clients > maxClients) throw new Garbled("it has too many clients");
  let before = Number.POSITIVE_INFINITY;
  for (let left = clients; left > 0; left -= 1) {
    const structs = bytes.number();
    if (structs === 0) throw new Garbled("a client has nothing");
    const client = bytes.number();
    if (client >= before) throw new Garbled("its clients are not in descending order");
    before = client;
    let clock = bytes.number();
    for (let more = structs; more > 0; more -= 1) {
      const { length, isSkip } = struct(bytes, visitor);
      if (length < 1 || clock + length > maxClock) throw new Garbled("a length is out of bounds");
      if (!isSkip) visitor.struct(client, clock, length);
      clock += length;
    }
  }
  const known = new Set<number>();
  for (let left = bytes.number(); left > 0; left -= 1) {
    const client = bytes.number();
    if (known.has(client)) throw new Garbled("a client is there twice");
    known.add(client);
    for (let more = bytes.number(); more > 0; more -= 1) {
      const clock = bytes.number();
      const length = bytes.number();
      if (length < 1 || clock + length > maxClock) throw new Garbled("a length is out of bounds");
      visitor.deleted(client, clock, length);
    }
  }
  if (!bytes.isAtEnd) throw new Garbled("there is something behind its end");
}

function struct(
  bytes: Bytes,
  visitor: Visitor,
): { readonly length: number; readonly isSkip: boolean } {
  const info = bytes.byte();
  const kind = info & contentBits;
  if (kind === content.gone || kind === content.skip) {
    if (info !== kind) throw new Garbled("a struct has parts that it cannot have");
    return { length: bytes.number(), isSkip: kind === content.skip };
  }
  const isPlaced = (info & (hasOrigin | hasRightOrigin)) !== 0;
  if ((info & hasOrigin) !== 0) needs(bytes, visitor);
  if ((info & hasRightOrigin) !== 0) needs(bytes, visitor);
  if (!isPlaced) {
    const isRoot = bytes.number();
    if (isRoot === 1) bytes.textUnits();
    else if (isRoot === 0) needs(bytes, visitor);
    else throw new Garbled("a parent is neither a root nor an item");
    if ((info & hasParentSub) !== 0) bytes.textUnits();
  }
  return { length: contentLength(bytes, kind), isSkip: false };
}

function needs(bytes: Bytes, visitor: Visitor): void {
  const client = bytes.number();
  const clock = bytes.number();
  visitor.needs?.(client, clock);
}

function contentLength(bytes: Bytes, kind: number): number {
  switch (kind) {
    case content.deleted:
      return bytes.number();
    case content.json: {
      const count = bytes.number();
      for (let left = count; left > 0; left -= 1) bytes.json(true);
      return count;
    }
    case content.binary:
      bytes.skip(bytes.number());
      return 1;
    case content.string:
      return bytes.textUnits();
    case content.embed:
      bytes.json(false);
      return 1;
    case content.format:
      bytes.textUnits();
      bytes.json(false);
      return 1;
    case content.type: {
      const type = bytes.number();
      if (type >= types) throw new Garbled("a type is not known");
      if (namedTypes.has(type)) bytes.textUnits();
      return 1;
    }
    case content.any: {
      const count = bytes.number();
      for (let left = count; left > 0; left -= 1) bytes.any();
      return count;
    }
    case content.document:
      bytes.textUnits();
      if (!bytes.any()) throw new Garbled("options are not an object");
      return 1;
    default:
      throw new Garbled("a content is not known");
  }
}

/** Whether bytes are an update. */
export function isUpdate(bytes: Uint8Array): boolean {
  try {
    scan(bytes, { struct: () => {}, deleted: () => {} });
    return true;
  } catch (error) {
    if (error instanceof Garbled) return false;
    throw error;
  }
}

/** A state vector. @throws Garbled */
export function readVector(vector: Uint8Array): ReadonlyMap<number, number> {
  const bytes = new Bytes(vector);
  const clocks = new Map<number, number>();
  for (let left = bytes.number(); left > 0; left -= 1) {
    const client = bytes.number();
    const clock = bytes.number();
    if (clock > maxClock || clocks.has(client)) throw new Garbled("a clock is out of bounds");
    clocks.set(client, clock);
  }
  if (!bytes.isAtEnd) throw new Garbled("there is something behind its end");
  return clocks;
}

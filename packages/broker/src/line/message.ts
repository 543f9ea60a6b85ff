/**
 * The envelope of a message between nodes, in bytes:
 *
 *     "PL" | version | kind | CRC-32 of what follows u32 | length of sender | sender |
 *       (kind 1: number u32, index u16, count u16) | body
 *
 * The checksum is against what a broker, a relay or a line changed by accident: a text with other letters is still a text, and
 * would be told as what somebody said.
 * Kind 0 is a whole message. Kind 1 is a part of one that is longer than the broker takes; the parts of a message
 * follow each other, since a broker keeps the order of one sender on one subject.
 */
import { crc32 } from "node:zlib";

/** Another number is another version. Nodes ignore what they do not know, and repair from the log. */
const version = 1;
const wholeKind = 0;
const partKind = 1;
const crcAt = 4;
const fixedBytes = 9;
const partBytes = 8;

/** Longest body, sent or put together again: the people of a room with some hundred thousand of them. */
export const maxBodyBytes = 16_777_216;
const maxParts = 4_096;
/** Of messages whose last part is still to come. */
const maxHeldBytes = 2 * maxBodyBytes;

/** A message as it came. */
export interface Opened {
  readonly sender: string;
  readonly body: Buffer;
  readonly part?: { readonly number: number; readonly index: number; readonly count: number };
}

/** Writes the messages of one node. */
export class MessageWriter {
  readonly #head: Buffer;
  #number = 0;

  constructor(nodeId: string) {
    const sender = Buffer.from(nodeId);
    if (sender.length === 0 || sender.length > 255)
      throw new RangeError("a node id has 1-255 bytes");
    this.#head = Buffer.concat([
      Buffer.from([0x50, 0x4c, version, wholeKind, 0, 0, 0, 0, sender.length]),
      sender,
    ]);
  }

  /** @returns a whole message; undefined if the text is longer than any node would take. */
  write(text: string): Buffer | undefined {
    const length = Buffer.byteLength(text);
    if (length > maxBodyBytes) return undefined;
    const message = Buffer.allocUnsafe(this.#head.length + length);
    message.set(this.#head);
    message.write(text, this.#head.length);
    return sealed(message);
  }

  /** The same message in pieces of at most `maxBytes`; itself if it is not longer. */
  split(message: Buffer, maxBytes: number): readonly Buffer[] {
    if (message.length <= maxBytes) return [message];
    const body = message.subarray(this.#head.length);
    const room = Math.max(1, maxBytes - this.#head.length - partBytes);
    const count = Math.ceil(body.length / room);
    if (count > maxParts) return [];
    this.#number = (this.#number + 1) >>> 0;
    return Array.from({ length: count }, (_, index) => {
      const place = Buffer.alloc(partBytes);
      place.writeUInt32BE(this.#number, 0);
      place.writeUInt16BE(index, 4);
      place.writeUInt16BE(count, 6);
      const part = Buffer.concat([
        this.#head,
        place,
        body.subarray(index * room, (index + 1) * room),
      ]);
      part[3] = partKind;
      return sealed(part);
    });
  }
}

function sealed(message: Buffer): Buffer {
  message.writeUInt32BE(crc32(message.subarray(crcAt + 4)), crcAt);
  return message;
}

/** Total: whatever the bytes are. @returns undefined for what is not ours, or of another version. */
export function openMessage(bytes: Buffer): Opened | undefined {
  const [first, second, itsVersion, kind] = bytes;
  const senderLength = bytes[fixedBytes - 1] ?? 0;
  if (first !== 0x50 || second !== 0x4c || itsVersion !== version) return undefined;
  const end = fixedBytes + senderLength;
  if (senderLength === 0 || bytes.length < end || bytes.length > maxBodyBytes + 512) {
    return undefined;
  }
  if (bytes.readUInt32BE(crcAt) !== crc32(bytes.subarray(crcAt + 4))) return undefined;
  const sender = bytes.toString("utf8", fixedBytes, end);
  if (kind === wholeKind) return { sender, body: bytes.subarray(end) };
  if (kind !== partKind || bytes.length < end + partBytes) return undefined;
  const part = {
    number: bytes.readUInt32BE(end),
    index: bytes.readUInt16BE(end + 4),
    count: bytes.readUInt16BE(end + 6),
  };
  if (part.index >= part.count || part.count > maxParts) return undefined;
  return { sender, body: bytes.subarray(end + partBytes), part };
}

interface Held {
  readonly number: number;
  readonly chunks: Buffer[];
  bytes: number;
}

/** Puts parts together. What lacks one is forgotten when the next message of that sender begins, or for want of room. */
export class Joiner {
  readonly #held = new Map<string, Held>();
  #bytes = 0;

  /** @returns the body when it is whole; `"waiting"` while parts are to come; undefined if the part fits nothing. */
  add(subject: string, opened: Opened): Buffer | "waiting" | undefined {
    const { sender, part, body } = opened;
    if (part === undefined) return body;
    const key = `${subject} ${sender}`;
    let held = this.#held.get(key);
    if (part.index === 0) {
      this.#forget(key);
      held = { number: part.number, chunks: [], bytes: 0 };
      this.#held.set(key, held);
    }
    if (held === undefined || held.number !== part.number || held.chunks.length !== part.index) {
      this.#forget(key);
      return undefined;
    }
    // A view would keep the whole chunk of the socket alive that it was cut from.
    held.chunks.push(Buffer.from(body));
    held.bytes += body.length;
    this.#bytes += body.length;
    if (held.bytes > maxBodyBytes) {
      this.#forget(key);
      return undefined;
    }
    if (held.chunks.length === part.count) {
      this.#forget(key);
      return Buffer.concat(held.chunks);
    }
    for (const other of this.#held.keys()) {
      if (this.#bytes <= maxHeldBytes) break;
      this.#forget(other);
    }
    return "waiting";
  }

  clear(): void {
    this.#held.clear();
    this.#bytes = 0;
  }

  #forget(key: string): void {
    this.#bytes -= this.#held.get(key)?.bytes ?? 0;
    this.#held.delete(key);
  }
}

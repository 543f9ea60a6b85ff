/**
 * Finished WebSocket frames from the server: unmasked, unfragmented, header and payload in one buffer, so
 * that one `write` is one system call (RFC 6455 §5.2).
 */
import { constants, deflateRawSync } from "node:zlib";
import type { Bytes, Dialect, Payload, Wire } from "@parlance/core";

const fin = 0x80;
/** "This message is compressed" (RFC 7692 §6). */
const rsv1 = 0x40;
const opcodes = { text: 0x1, binary: 0x2, ping: 0x9, pong: 0xa } as const;

/** The first byte of a whole binary message. */
const binary: number = fin | opcodes.binary;

/** Below so many UTF-16 units, or bytes, a frame goes uncompressed: it would hardly shrink, and costs 10 us or more. */
const deflateFrom = 256;
/** What `Z_SYNC_FLUSH` ends with and the receiver adds again (RFC 7692 §7.2.1). */
const flushTrailerBytes = 4;

/** A ping without payload; one buffer serves every connection. */
export const pingFrame: Buffer = Buffer.from([fin | opcodes.ping, 0]);

/** A ping whose answer carries `mark` back: 0 to 2^32-1. */
export function probeFrame(mark: number): Buffer {
  const frame = Buffer.from([fin | opcodes.ping, 4, 0, 0, 0, 0]);
  frame.writeUInt32BE(mark >>> 0, 2);
  return frame;
}

/** The answer to a ping. @param payload At most 125 bytes; copied. */
export function pongFrame(payload: Uint8Array): Buffer {
  return frameOf(fin | opcodes.pong, payload);
}

/** The wire of connections without compression. */
export function plainWire(dialect: Dialect): Wire {
  return { dialect, frame: plainFrame, join };
}

/** The wire of connections that negotiated permessage-deflate: each frame is compressed once, for all. */
export function deflateWire(dialect: Dialect): Wire {
  return { dialect, frame: deflatedFrame, join };
}

function plainFrame(payload: Payload): Bytes {
  return typeof payload === "string" ? textFrame(payload) : frameOf(binary, payload);
}

function textFrame(text: string): Bytes {
  const length = Buffer.byteLength(text);
  const start = headerBytes(length);
  const frame = Buffer.allocUnsafe(start + length);
  writeHeader(frame, fin | opcodes.text, length);
  frame.write(text, start, "utf8");
  return frame;
}

/* Without context takeover and always with the full window: only so can one compressed frame be read by
 * every connection. The handshake declines offers that ask for a smaller one. */
function deflatedFrame(payload: Payload): Bytes {
  if (payload.length < deflateFrom) return plainFrame(payload);
  const packed = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH, windowBits: 15 });
  const first = rsv1 | (typeof payload === "string" ? fin | opcodes.text : binary);
  return frameOf(first, packed.subarray(0, packed.length - flushTrailerBytes));
}

function join(frames: readonly Bytes[]): Bytes {
  const [first] = frames;
  return frames.length === 1 && first !== undefined ? first : Buffer.concat(frames);
}

function frameOf(firstByte: number, payload: Uint8Array): Buffer {
  const start = headerBytes(payload.length);
  const frame = Buffer.allocUnsafe(start + payload.length);
  writeHeader(frame, firstByte, payload.length);
  frame.set(payload, start);
  return frame;
}

function headerBytes(length: number): number {
  if (length < 126) return 2;
  return length < 65_536 ? 4 : 10;
}

function writeHeader(frame: Buffer, firstByte: number, length: number): void {
  frame[0] = firstByte;
  if (length < 126) {
    frame[1] = length;
  } else if (length < 65_536) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
}

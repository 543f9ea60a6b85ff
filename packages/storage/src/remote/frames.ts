/** Frames between a store's owner and those who reach it by a socket: length u32, then one value in V8's own form. */
import { deserialize, serialize } from "node:v8";

/**
 * A page of a log is a few MiB, and so are a thousand writes of one turn. A longer frame is a broken stream, and what it
 * asks for must not be allocated.
 */
const maxFrameBytes = 268_435_456;
const headBytes = 4;

/** A value as it is written. @throws DataCloneError for what cannot be sent, such as a function. */
export function writeFrame(value: unknown): Buffer {
  const body = serialize(value);
  const frame = Buffer.allocUnsafe(headBytes + body.length);
  frame.writeUInt32BE(body.length, 0);
  frame.set(body, headBytes);
  return frame;
}

/** Puts what arrives together again. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Bytes that the frame at the beginning has, its head included, as far as it is known. */
  #wanted = headBytes;

  /** @throws Error for bytes that are no frames; the connection is then of no more use. */
  *read(chunk: Buffer): Generator<unknown> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    // A large frame comes in many chunks, which are joined once.
    while (this.#bytes >= this.#wanted) {
      const whole = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#bytes);
      let start = 0;
      while (whole.length - start >= headBytes) {
        const length = whole.readUInt32BE(start);
        if (length > maxFrameBytes) throw new Error("not a frame");
        const end = start + headBytes + length;
        if (end > whole.length) break;
        yield deserialize(whole.subarray(start + headBytes, end));
        start = end;
      }
      const rest = whole.subarray(start);
      this.#chunks = rest.length === 0 ? [] : [rest];
      this.#bytes = rest.length;
      this.#wanted = rest.length < headBytes ? headBytes : headBytes + rest.readUInt32BE(0);
    }
  }
}

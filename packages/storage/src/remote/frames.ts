/** Frames between a store's owner and those who reach it by a socket: length u32, then one value in V8's own form. */
import { deserialize, serialize } from "node:v8";

/**
 * A page of a log is a few MiB, and so are a thousand writes of one turn. A longer frame is a broken stream, and what it
 * asks for must not be allocated.
 */
const maxFrameBytes = 268_435_456;
/** From here on a frame is cut in two, if there is more than one thing in it. */
const largeFrameBytes = 16_777_216;
const headBytes = 4;

/** A value as it is written. @throws DataCloneError for what cannot be sent, such as a function. */
export function writeFrame(value: unknown): Buffer {
  const body = serialize(value);
  const frame = Buffer.allocUnsafe(headBytes + body.length);
  frame.writeUInt32BE(body.length, 0);
  frame.set(body, headBytes);
  return frame;
}

/**
 * A list as frames of at most `most` items each, and of fewer where they are large.
 *
 * @param wrap What a frame says with some of the items.
 * @throws DataCloneError if one of them cannot be sent.
 */
export function writeFrames<T>(
  items: readonly T[],
  most: number,
  wrap: (some: readonly T[]) => unknown,
): Buffer[] {
  const frames: Buffer[] = [];
  for (let start = 0; start < items.length; start += most) {
    const some = items.slice(start, start + most);
    const frame = writeFrame(wrap(some));
    if (frame.length < largeFrameBytes || some.length === 1) frames.push(frame);
    else frames.push(...writeFrames(some, Math.ceil(some.length / 2), wrap));
  }
  return frames;
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

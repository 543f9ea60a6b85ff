/**
 * Frames between the nodes of one machine and their hub: length u32 of all that follows, kind u8, length of subject u16,
 * subject, bytes.
 */

/** What a frame asks or tells. A hub answers `listen` and `ping` with the same frame. */
export const kinds = { listen: 1, unlisten: 2, message: 3, ping: 4 } as const;
export type Kind = (typeof kinds)[keyof typeof kinds];

export interface Frame {
  readonly kind: Kind;
  readonly subject: string;
  readonly bytes: Buffer;
}

/** Longest message that a frame carries. */
export const maxMessageBytes = 1_048_576;
const maxFrameBytes = maxMessageBytes + 1_024;
const headBytes = 7;
const none = Buffer.alloc(0);

/** A frame as it is written. */
export function writeFrame(kind: Kind, subject = "", bytes: Buffer = none): Buffer {
  const subjectBytes = Buffer.byteLength(subject);
  const frame = Buffer.allocUnsafe(headBytes + subjectBytes + bytes.length);
  frame.writeUInt32BE(frame.length - 4, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt16BE(subjectBytes, 5);
  frame.write(subject, headBytes);
  frame.set(bytes, headBytes + subjectBytes);
  return frame;
}

/** Cuts what arrives into frames. */
export class FrameReader {
  #rest: Buffer = none;

  /** @throws Error for bytes that are no frames; the connection is then of no more use. */
  *read(chunk: Buffer): Generator<Frame> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= headBytes) {
      const length = this.#rest.readUInt32BE(0);
      if (length < headBytes - 4 || length > maxFrameBytes) throw new Error("not a frame");
      if (this.#rest.length < 4 + length) return;
      const whole = this.#rest.subarray(4, 4 + length);
      this.#rest = this.#rest.subarray(4 + length);
      const kind = whole[0] as Kind;
      const end = 3 + whole.readUInt16BE(1);
      if (end > length) throw new Error("not a frame");
      yield { kind, subject: whole.toString("utf8", 3, end), bytes: whole.subarray(end) };
    }
  }
}

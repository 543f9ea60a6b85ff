/** The numbers and strings of lib0, which Yjs' protocols are made of. Reading is total and never leaves the frame. */
import type { Bytes } from "@parlance/core";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads one frame from its start. Undefined: it does not say that. */
export class Reader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** A number of up to 53 bits: seven in each byte, the lowest first. */
  number(): number | undefined {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return undefined;
      this.#at += 1;
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) return undefined;
      if (byte < 0x80) return value;
      factor *= 128;
      if (factor > Number.MAX_SAFE_INTEGER) return undefined;
    }
  }

  /** Bytes with their length before them. A view. */
  bytes(): Bytes | undefined {
    const length = this.number();
    if (length === undefined || length > this.#bytes.length - this.#at) return undefined;
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** UTF-8 with its length before it. */
  text(): string | undefined {
    const bytes = this.bytes();
    if (bytes === undefined) return undefined;
    try {
      return decoder.decode(bytes);
    } catch {
      return undefined;
    }
  }
}

/** A number as `Reader.number` reads it. @param value A safe integer, 0 or more. */
export function numberBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

/** Bytes with their length before them. */
export function withLength(bytes: Bytes): Buffer {
  return Buffer.concat([Buffer.from(numberBytes(bytes.length)), bytes]);
}

/** UTF-8 with its length before it. */
export function textBytes(text: string): Buffer {
  return withLength(Buffer.from(text));
}

/** Reads an update byte by byte and never past its end. What is not well formed is a `Garbled`. */

/** It is no update, or one with a value out of bounds. */
export class Garbled extends Error {
  override readonly name = "Garbled";
}

/** Nesting of values in an update; deeper ones would be a danger to the stack of whoever reads them. */
const maxDepth = 64;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** First bytes of values of any type, as lib0 writes them. */
const any = {
  undefined: 127,
  null: 126,
  integer: 125,
  float32: 124,
  float64: 123,
  bigint: 122,
  false: 121,
  true: 120,
  string: 119,
  object: 118,
  array: 117,
  bytes: 116,
} as const;

export class Bytes {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw new Garbled("it ends too early");
    this.#at += 1;
    return value;
  }

  /** 7 bits a byte, the lowest first; up to 2^53-1. */
  number(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const part = this.byte();
      value += (part & 127) * factor;
      if (part < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw new Garbled("a number is too large");
  }

  /** As `number` with a sign in the first byte, which brings 6 bits. */
  #skipSigned(): void {
    if ((this.byte() & 128) === 0) return;
    for (let count = 0; count < 8; count += 1) if (this.byte() < 128) return;
    throw new Garbled("a number is too large");
  }

  skip(count: number): void {
    if (count > this.#bytes.length - this.#at) throw new Garbled("it ends too early");
    this.#at += count;
  }

  /** A text in UTF-8 behind its length. */
  text(): string {
    return this.#decode(this.#piece());
  }

  /** How many UTF-16 code units a text has that is not needed itself. */
  textUnits(): number {
    const piece = this.#piece();
    for (const byte of piece) if (byte > 127) return this.#decode(piece).length;
    return piece.length;
  }

  #piece(): Uint8Array {
    const length = this.number();
    const from = this.#at;
    this.skip(length);
    return this.#bytes.subarray(from, this.#at);
  }

  #decode(piece: Uint8Array): string {
    try {
      return utf8.decode(piece);
    } catch {
      throw new Garbled("a text is not UTF-8");
    }
  }

  /** A JSON text; `undefined` as such where old clients wrote it. */
  json(mayBeUndefined: boolean): void {
    const text = this.text();
    if (mayBeUndefined && text === "undefined") return;
    let depth = 0;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === 91 || code === 123) depth += 1;
      else if (code === 93 || code === 125) depth -= 1;
      if (depth > maxDepth) throw new Garbled("a value is nested too deeply");
    }
    try {
      JSON.parse(text);
    } catch {
      throw new Garbled("a value is not JSON");
    }
  }

  /** A value of any type. @returns whether it is an object. */
  any(depth = 0): boolean {
    if (depth > maxDepth) throw new Garbled("a value is nested too deeply");
    const kind = this.byte();
    switch (kind) {
      case any.undefined:
      case any.null:
      case any.false:
      case any.true:
        return false;
      case any.integer:
        this.#skipSigned();
        return false;
      case any.float32:
        this.skip(4);
        return false;
      case any.float64:
      case any.bigint:
        this.skip(8);
        return false;
      case any.string:
        this.textUnits();
        return false;
      case any.bytes:
        this.skip(this.number());
        return false;
      case any.array:
        for (let left = this.number(); left > 0; left -= 1) this.any(depth + 1);
        return false;
      case any.object:
        for (let left = this.number(); left > 0; left -= 1) {
          this.textUnits();
          this.any(depth + 1);
        }
        return true;
      default:
        throw new Garbled("a value has no known type");
    }
  }
}

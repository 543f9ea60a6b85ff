/**
 * SHA-256 (FIPS 180-4). Our own, because `crypto.subtle` is missing on pages without TLS (a server on a local
 * network), and because its round trip costs more than hashing the few hundred bytes of one event.
 */

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n += 1) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  }
  return primes;
}

/** The first 32 bits of the fractional part. */
function fraction(x: number): number {
  return ((x % 1) * 2 ** 32) | 0;
}

const primes = firstPrimes(64);
const roundConstants = new Int32Array(primes.map((prime) => fraction(Math.cbrt(prime))));
const start = new Int32Array(primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime))));

function rotate(x: number, bits: number): number {
  return (x >>> bits) | (x << (32 - bits));
}

function at(words: Int32Array, index: number): number {
  return words[index] as number;
}

function compress(state: Int32Array, schedule: Int32Array): void {
  for (let i = 16; i < 64; i += 1) {
    const w15 = at(schedule, i - 15);
    const w2 = at(schedule, i - 2);
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    schedule[i] = at(schedule, i - 16) + s0 + at(schedule, i - 7) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i += 1) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const t1 = (h + s1 + choice + at(roundConstants, i) + at(schedule, i)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + s0 + majority) | 0;
  }
  for (const [i, x] of [a, b, c, d, e, f, g, h].entries()) state[i] = at(state, i) + x;
}

/** The 32-byte digest of `bytes` (less than 512 MiB). */
export function sha256(bytes: Uint8Array): Uint8Array {
  const padded = new DataView(new ArrayBuffer((((bytes.length + 8) >>> 6) + 1) << 6));
  new Uint8Array(padded.buffer).set(bytes);
  padded.setUint8(bytes.length, 0x80);
  padded.setUint32(padded.byteLength - 8, Math.floor(bytes.length / 2 ** 29));
  padded.setUint32(padded.byteLength - 4, bytes.length << 3);
  const state = start.slice();
  const schedule = new Int32Array(64);
  for (let offset = 0; offset < padded.byteLength; offset += 64) {
    for (let i = 0; i < 16; i += 1) schedule[i] = padded.getInt32(offset + i * 4);
    compress(state, schedule);
  }
  const digest = new DataView(new ArrayBuffer(32));
  for (const [i, word] of state.entries()) digest.setInt32(i * 4, word);
  return new Uint8Array(digest.buffer);
}

const utf8 = new TextEncoder();

/** The digest of some bytes followed by a text in UTF-8. */
export function hashAfter(prefix: Uint8Array, text: string): Uint8Array {
  const tail = utf8.encode(text);
  const whole = new Uint8Array(prefix.length + tail.length);
  whole.set(prefix);
  whole.set(tail, prefix.length);
  return sha256(whole);
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of a hexadecimal text; what is not one gives wrong bytes, not an error. */
export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/**
 * What a small picture is, by its bytes. Whoever looks at somebody's picture has it decoded by their browser: what says that it is large
 * would take memory that its bytes do not show, and what is no picture at all is not to be served as one.
 */
import { limits } from "@parlance/protocol";
import type { PictureRecord } from "./ports/index.ts";

/** Its type, where it is one that browsers show and at most `limits.pictureSide` pixels wide and high; else undefined. */
export function pictureType(bytes: Uint8Array): PictureRecord["mediaType"] | undefined {
  for (const [mediaType, sizeOf] of readers) {
    const size = sizeOf(bytes);
    if (size === undefined) continue;
    const isFit = size.every((side) => side > 0 && side <= limits.pictureSide);
    return isFit ? mediaType : undefined;
  }
  return undefined;
}

type Size = readonly [width: number, height: number];
type SizeOf = (bytes: Uint8Array) => Size | undefined;

const readers: readonly (readonly [PictureRecord["mediaType"], SizeOf])[] = [
  ["image/png", pngSize],
  ["image/jpeg", jpegSize],
  ["image/webp", webpSize],
];

function startsWith(bytes: Uint8Array, at: number, ...values: readonly number[]): boolean {
  return values.every((value, index) => bytes[at + index] === value);
}

function big(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = 0; index < length; index += 1) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}

function little(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = length - 1; index >= 0; index -= 1) {
    value = value * 256 + (bytes[at + index] ?? 0);
  }
  return value;
}

/** PNG (third edition) §5.2, §11.2.1: the header is the first chunk. */
function pngSize(bytes: Uint8Array): Size | undefined {
  if (!startsWith(bytes, 0, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return undefined;
  if (!startsWith(bytes, 12, 0x49, 0x48, 0x44, 0x52)) return [0, 0];
  return [big(bytes, 16, 4), big(bytes, 20, 4)];
}

/** ITU-T T.81 §B.1.1.4: segments with a length, until the header of the frame (any `SOF`) says the size. */
function jpegSize(bytes: Uint8Array): Size | undefined {
  if (!startsWith(bytes, 0, 0xff, 0xd8, 0xff)) return undefined;
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [big(bytes, at + 7, 2), big(bytes, at + 5, 2)];
    at += 2 + Math.max(2, big(bytes, at + 2, 2));
  }
  return [0, 0];
}

/** RFC 9649 §2.5-2.7: one of three kinds of first chunk. */
function webpSize(bytes: Uint8Array): Size | undefined {
  const isWebp =
    startsWith(bytes, 0, 0x52, 0x49, 0x46, 0x46) && startsWith(bytes, 8, 0x57, 0x45, 0x42, 0x50);
  if (!isWebp) return undefined;
  if (!startsWith(bytes, 12, 0x56, 0x50, 0x38)) return [0, 0];
  switch (bytes[15]) {
    case 0x20:
      return [little(bytes, 26, 2) & 0x3fff, little(bytes, 28, 2) & 0x3fff];
    case 0x4c: {
      const packed = little(bytes, 21, 4);
      return [(packed % 0x4000) + 1, (Math.floor(packed / 0x4000) % 0x4000) + 1];
    }
    case 0x58:
      return [little(bytes, 24, 3) + 1, little(bytes, 27, 3) + 1];
    default:
      return [0, 0];
  }
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The bytes of base64 that is well-formed (RFC 4648 §4); undefined of other text. */
export function fromBase64(text: string): Uint8Array | undefined {
  const plain = text.replace(/=+$/, "");
  if (text.length % 4 !== 0 || text.length - plain.length > 2) return undefined;
  const bytes = new Uint8Array(Math.floor((plain.length * 3) / 4));
  let bits = 0;
  let kept = 0;
  let at = 0;
  for (const character of plain) {
    const value = alphabet.indexOf(character);
    if (value === -1) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    kept += 6;
    if (kept < 8) continue;
    kept -= 8;
    bytes[at] = (bits >> kept) & 0xff;
    at += 1;
  }
  return bytes;
}

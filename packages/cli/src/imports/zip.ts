/** Reads zip files (PKWARE APPNOTE 6.3): entries that are stored or deflated, below 4 GiB, without encryption. */
import { type FileHandle, open } from "node:fs/promises";
import { inflateRawSync } from "node:zlib";
import { CommandFailure } from "../output.ts";

/** Behind the end record there is a comment of at most 65,535 bytes. */
const tailBytes = 22 + 65_535;
/** What one file of an export may be, unpacked: a day of a channel. */
const maxEntryBytes = 512 * 1_048_576;

interface Entry {
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

export interface Zip {
  readonly names: readonly string[];
  /** @throws CommandFailure if it is damaged or of a kind that is not read. */
  read(name: string): Promise<Buffer>;
  close(): Promise<void>;
}

/** @throws CommandFailure if it is no zip file. */
export async function openZip(path: string): Promise<Zip> {
  const file = await open(path);
  try {
    const entries = await directoryOf(file, path);
    return {
      names: [...entries.keys()],
      read: async (name) => {
        const entry = entries.get(name);
        if (entry === undefined) throw new CommandFailure(`${path} has no ${name}.`);
        return contentOf(file, entry, `${path}: ${name}`);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function directoryOf(file: FileHandle, path: string): Promise<Map<string, Entry>> {
  const { size } = await file.stat();
  const tail = await bytesOf(file, Math.max(0, size - tailBytes), Math.min(size, tailBytes));
  const at = tail.lastIndexOf("PK\u0005\u0006", undefined, "latin1");
  if (at < 0 || at + 22 > tail.length) throw new CommandFailure(`${path} is no zip file.`);
  const count = tail.readUInt16LE(at + 10);
  const length = tail.readUInt32LE(at + 12);
  const offset = tail.readUInt32LE(at + 16);
  if (count === 0xffff || offset === 0xffffffff) {
    throw new CommandFailure(`${path} is a zip64 file: unpack it, and name the folder.`);
  }
  const directory = await bytesOf(file, offset, length);
  const entries = new Map<string, Entry>();
  for (let here = 0; here + 46 <= directory.length; ) {
    if (directory.readUInt32LE(here) !== 0x02014b50) break;
    const nameLength = directory.readUInt16LE(here + 28);
    const name = directory.toString("utf8", here + 46, here + 46 + nameLength);
    const isEncrypted = (directory.readUInt16LE(here + 8) & 1) === 1;
    if (isEncrypted) throw new CommandFailure(`${path} is encrypted.`);
    entries.set(name, {
      method: directory.readUInt16LE(here + 10),
      packed: directory.readUInt32LE(here + 20),
      size: directory.readUInt32LE(here + 24),
      offset: directory.readUInt32LE(here + 42),
    });
    here += 46 + nameLength + directory.readUInt16LE(here + 30) + directory.readUInt16LE(here + 32);
  }
  return entries;
}

async function contentOf(file: FileHandle, entry: Entry, name: string): Promise<Buffer> {
  if (entry.size > maxEntryBytes) throw new CommandFailure(`${name} is too large.`);
  const header = await bytesOf(file, entry.offset, 30);
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = await bytesOf(file, start, entry.packed);
  if (entry.method === 0) return packed;
  if (entry.method !== 8) throw new CommandFailure(`${name} is packed in a way that is not read.`);
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.size) });
  } catch (error) {
    throw new CommandFailure(`${name} is damaged.`, { cause: error });
  }
}

async function bytesOf(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, from);
  if (bytesRead < length) throw new CommandFailure("The zip file ends too early.");
  return bytes;
}

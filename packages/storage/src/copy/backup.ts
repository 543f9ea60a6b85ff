/**
 * A backup: one state of everything as an ordinary SQLite store, the shared files beside it, and a page of facts. Made from
 * any engine while a server uses it.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { chmod, copyFile, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { openSqliteFile, syncPath } from "../sqlite/copy.ts";
import { makeDirectory } from "../sqlite/make-directory.ts";
import { type CopyProgress, copyAll, type TableCounts } from "./copy-all.ts";
import type { CopyEnd, EngineName } from "./end.ts";

const databaseName = "parlance.db";
const contentName = "backup.json";
const filesName = "files";

/** What `backup.json` says. */
export interface BackupContent {
  readonly format: 1;
  /** Of the program that made it. */
  readonly program: string;
  readonly schema: number;
  readonly engine: EngineName;
  /** When it was begun, ISO 8601: what was acknowledged before is in it. */
  readonly made_at: string;
  readonly install_id: string;
  readonly rows: TableCounts;
  readonly database: { readonly bytes: number; readonly sha256: string };
  /** Absent where they were left out. */
  readonly files?: { readonly count: number; readonly bytes: number };
}

/** The backup cannot be made as it was asked for, in words for the operator. */
export class BackupRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "BackupRefused";
  }
}

export interface BackupOptions {
  readonly source: CopyEnd;
  /** Made if absent. A backup that is there is replaced once the new one is whole. */
  readonly to: string;
  /** Where shared files are; absent: they are left out. */
  readonly filesDirectory?: string;
  readonly program: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly onProgress?: (progress: CopyProgress) => void;
  readonly onFile?: (count: number, bytes: number) => void;
}

/**
 * Makes a backup. The database comes first and the files after it: a file never changes, so what was shared in between is
 * there and not known, which costs space only.
 *
 * @throws BackupRefused, StorageError, or the system's error. Nothing of an earlier backup was changed then.
 */
export async function writeBackup(options: BackupOptions): Promise<BackupContent> {
  const { source, onProgress } = options;
  const to = resolve(options.to);
  const { identity, version, known, mark } = await source.state();
  if (identity === undefined || version === undefined)
    throw new BackupRefused("There is nothing to back up.");
  if (mark?.type === "unfinished") {
    throw new BackupRefused(`A ${mark.by} into this database was begun and not finished.`);
  }
  if (version !== known) {
    throw new BackupRefused(
      `The database has schema version ${version}, and this program knows ${known}: use the Parlance that it belongs to.`,
    );
  }
  await makeDirectory(to);
  const path = join(to, databaseName);
  const fresh = `${path}.new`;
  const target = openSqliteFile(fresh);
  let rows: TableCounts;
  try {
    await target.prepare({ type: "unfinished", by: "restore" }, identity);
    await chmod(fresh, 0o600);
    rows = await copyAll(source, target, onProgress === undefined ? {} : { onProgress });
    await target.begin(lifeBehindEverything);
    await target.complete();
  } finally {
    await target.close();
  }
  const database = { bytes: (await stat(fresh)).size, sha256: await sha256Of(fresh) };
  // Until all is in place there is no page of facts, and a restore refuses.
  await rm(join(to, contentName), { force: true });
  for (const end of ["-wal", "-shm", "-journal"]) await rm(`${path}${end}`, { force: true });
  await rename(fresh, path);
  const files =
    options.filesDirectory === undefined
      ? undefined
      : await copyFiles(options.filesDirectory, join(to, filesName), options.onFile);
  const content: BackupContent = {
    format: 1,
    program: options.program,
    schema: known,
    engine: source.engine,
    made_at: new Date(options.now).toISOString(),
    install_id: identity.id,
    rows,
    database,
    ...(files === undefined ? {} : { files }),
  };
  const page = join(to, contentName);
  await writeFile(`${page}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  syncPath(`${page}.new`);
  await rename(`${page}.new`, page);
  syncPath(to);
  return content;
}

/** Behind any watermark: where it is put in place by hand, the epochs change all the same. */
const lifeBehindEverything = { start: 0, commits: 0 } as const;

/** The page of facts of a backup; undefined if there is none or it is not whole. */
export async function readContent(directory: string): Promise<BackupContent | undefined> {
  const path = join(directory, contentName);
  if (!existsSync(path)) return undefined;
  const content = JSON.parse(await readFile(path, "utf8")) as BackupContent;
  return content.format === 1 ? content : undefined;
}

/** Where a backup's parts are. */
export function backupPaths(directory: string): {
  readonly database: string;
  readonly files: string;
} {
  return { database: join(directory, databaseName), files: join(directory, filesName) };
}

/** SHA-256 of a file, lower-case hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/**
 * Copies what is not there yet: a file has its id for a name and never changes.
 *
 * @returns how many are there now, of those at the source.
 */
export async function copyFiles(
  from: string,
  to: string,
  onFile?: (count: number, bytes: number) => void,
): Promise<{ readonly count: number; readonly bytes: number }> {
  await makeDirectory(to);
  let count = 0;
  let bytes = 0;
  const entries = existsSync(from) ? await readdir(from, { withFileTypes: true }) : [];
  for (const entry of entries) {
    // Uploads under way are in a directory; nothing else is.
    if (!entry.isFile()) continue;
    const size = await copyOne(join(from, entry.name), join(to, entry.name));
    if (size === undefined) continue;
    count += 1;
    bytes += size;
    onFile?.(count, bytes);
  }
  syncPath(to);
  return { count, bytes };
}

/** @returns its size; undefined if it was deleted since the directory was read. */
async function copyOne(from: string, to: string): Promise<number | undefined> {
  const size = await sizeOf(from);
  if (size === undefined || (await sizeOf(to)) === size) return size;
  try {
    await copyFile(from, `${to}.new`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  await chmod(`${to}.new`, 0o600);
  syncPath(`${to}.new`);
  await rename(`${to}.new`, to);
  return size;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

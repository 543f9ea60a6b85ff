/** Puts a backup in place of an install that does not run. */
import { existsSync } from "node:fs";
import { copyFile, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { randomPart } from "../sql/random-part.ts";
import { openSqliteFile, type SqliteCopyEnd, syncPath } from "../sqlite/copy.ts";
import { Database } from "../sqlite/database.ts";
import { lockDirectory } from "../sqlite/lock.ts";
import { makeDirectory } from "../sqlite/make-directory.ts";
import { migrate } from "../sqlite/migrations.ts";
import { readWatermark, writeWatermark } from "../sqlite/watermark.ts";
import { type BackupContent, backupPaths, copyFiles, readContent, sha256Of } from "./backup.ts";
import { type CopyProgress, copyAll, type TableCounts } from "./copy-all.ts";
import type { CopyEnd, InstallIdentity } from "./end.ts";
import { type CopyAddress, openCopyEnd } from "./open.ts";

/** The restore is not possible as it was asked for, in words for the operator. Nothing was changed. */
export class RestoreRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RestoreRefused";
  }
}

export interface RestoreOptions {
  /** A backup's directory. */
  readonly from: string;
  readonly to: CopyAddress;
  /** Where shared files are put; absent: they are left out. */
  readonly filesDirectory?: string;
  /** Whether what is there may be overwritten. */
  readonly replace: boolean;
  /** Whether other programs that are connected to the database are known to be none of this install. */
  readonly ignoreConnections: boolean;
  readonly onProgress?: (progress: CopyProgress) => void;
}

export interface Restored {
  readonly content: BackupContent;
  readonly rows: TableCounts;
  readonly files?: number;
  /** The restored install's: another one than that which the backup was made of. */
  readonly installId: string;
}

/**
 * Restores a backup into any engine. All epochs change, so that clients which are ahead of it are told to reset; the key by
 * which repeats are recognised stays.
 *
 * @throws RestoreRefused, DirectoryInUseError, StorageError, or the system's error. A target that was begun refuses to start
 *   until it is restored again.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const from = resolve(options.from);
  const content = await readContent(from);
  if (content === undefined) {
    throw new RestoreRefused(
      `There is no whole backup in ${from}: backup.json is missing or of another format.`,
    );
  }
  const paths = backupPaths(from);
  if ((await sha256Of(paths.database)) !== content.database.sha256) {
    throw new RestoreRefused(
      `${paths.database} is not what backup.json describes: it was changed or is damaged.`,
    );
  }
  const source = openSqliteFile(await ofThisVersion(paths.database, content));
  try {
    const { identity, version, known } = await source.state();
    if (identity === undefined || version === undefined || version > known) {
      throw new RestoreRefused(
        `The backup has schema version ${version}, and this program knows ${known}.`,
      );
    }
    const renewed = { ...identity, id: randomPart() + randomPart(), part: randomPart() };
    const rows =
      options.to.engine === "sqlite"
        ? await intoDirectory(source, renewed, options.to.directory, options)
        : await intoServer(source, renewed, options.to, options);
    const { filesDirectory } = options;
    const files =
      filesDirectory === undefined || !existsSync(paths.files)
        ? undefined
        : await copyFiles(paths.files, filesDirectory);
    return {
      content,
      rows,
      installId: renewed.id,
      ...(files === undefined ? {} : { files: files.count }),
    };
  } finally {
    await source.close();
    await rm(migratedPath(paths.database), { force: true });
  }
}

/** A backup of an older program is brought up to date in a copy of its own: a backup is never changed. */
async function ofThisVersion(path: string, { schema }: BackupContent): Promise<string> {
  const end = openSqliteFile(path);
  const { version, known } = await end.state();
  await end.close();
  if ((version ?? schema) >= known) return path;
  const migrated = migratedPath(path);
  await copyFile(path, migrated);
  const database = new Database(migrated, { busyTimeoutMs: 0 });
  migrate(database);
  database.close();
  return migrated;
}

function migratedPath(path: string): string {
  return `${path}.migrated`;
}

/** As a file beside the one that is there, which is replaced in one step. */
async function intoDirectory(
  source: SqliteCopyEnd,
  identity: InstallIdentity,
  directory: string,
  options: RestoreOptions,
): Promise<TableCounts> {
  const place = resolve(directory);
  await makeDirectory(place);
  const unlock = lockDirectory(place);
  try {
    const path = join(place, "parlance.db");
    if (!options.replace) await mustBeUnused(path, place);
    const fresh = `${path}.restoring`;
    const target = openSqliteFile(fresh);
    const life = { start: (readWatermark(place)?.start ?? 0) + 1, commits: 0 };
    let rows: TableCounts;
    try {
      rows = await fill(source, target, identity, options);
      await target.begin(life);
      await target.complete();
    } finally {
      await target.close();
    }
    // What was committed and not yet in the old file goes with it; it would damage the new one.
    for (const end of ["-wal", "-shm"]) await rm(`${path}${end}`, { force: true });
    await rename(fresh, path);
    syncPath(place);
    writeWatermark(place, life, true);
    return rows;
  } finally {
    unlock();
  }
}

/** Not asked where it may be replaced: it may be damaged, which is what a restore is for. */
async function mustBeUnused(path: string, place: string): Promise<void> {
  const there = openSqliteFile(path);
  try {
    if ((await there.state()).isUsed) throw new RestoreRefused(usedText(place));
  } finally {
    await there.close();
  }
}

async function intoServer(
  source: CopyEnd,
  identity: InstallIdentity,
  to: CopyAddress,
  options: RestoreOptions,
): Promise<TableCounts> {
  const target = await openCopyEnd(to);
  try {
    const { isUsed, mark, version, known } = await target.state();
    if (version !== undefined && version > known) {
      throw new RestoreRefused(
        `The database has schema version ${version}, and this program knows ${known}.`,
      );
    }
    if (isUsed && mark?.type !== "unfinished" && !options.replace) {
      throw new RestoreRefused(usedText("the database"));
    }
    const others = await target.neighbours();
    if (others > 0 && !options.ignoreConnections) {
      throw new RestoreRefused(
        `${others} connections of Parlance on other machines use this database: stop those servers first. If they belong to ` +
          "another install that shares it, give --ignore-connections.",
      );
    }
    const rows = await fill(source, target, identity, options);
    await target.complete();
    return rows;
  } finally {
    await target.close();
  }
}

async function fill(
  source: CopyEnd,
  target: CopyEnd,
  identity: InstallIdentity,
  { onProgress }: RestoreOptions,
): Promise<TableCounts> {
  await target.prepare({ type: "unfinished", by: "restore" }, identity);
  const rows = await copyAll(source, target, onProgress === undefined ? {} : { onProgress });
  await target.settle(await source.controlHead());
  return rows;
}

function usedText(place: string): string {
  return (
    `There are people or messages in ${place}, and a restore would overwrite them. ` +
    "Name an empty database, or give --replace."
  );
}

/** Backup and restore, and what a move left behind, for commands on the machine of the install. */
import { join } from "node:path";
import type { BackupContent, CopyProgress, Restored } from "@parlance/storage/copy";
import { systemClock } from "./clock.ts";
import type { Config } from "./config/schema.ts";
import { copyAddress, schemaStatus, storeName } from "./store.ts";
import { version } from "./version.ts";

export interface BackupRequest {
  readonly to: string;
  /** Whether shared files are copied too. */
  readonly withFiles: boolean;
  readonly onProgress?: (progress: CopyProgress) => void;
  readonly onFile?: (count: number, bytes: number) => void;
}

/** Makes a backup, also while a server runs. @throws BackupRefused, StorageError or the system's error. */
export async function backUp(config: Config, request: BackupRequest): Promise<BackupContent> {
  const { openCopyEnd, writeBackup } = await import("@parlance/storage/copy");
  const source = await openCopyEnd(copyAddress(config));
  const { to, withFiles, onProgress, onFile } = request;
  try {
    return await writeBackup({
      source,
      to,
      program: version,
      now: systemClock.now(),
      ...(withFiles ? { filesDirectory: filesDirectory(config) } : {}),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(onFile === undefined ? {} : { onFile }),
    });
  } finally {
    await source.close();
  }
}

export interface RestoreRequest {
  readonly from: string;
  readonly withFiles: boolean;
  readonly replace: boolean;
  readonly ignoreConnections: boolean;
  readonly onProgress?: (progress: CopyProgress) => void;
}

/** Restores into the database that the configuration names. @throws RestoreRefused and as `openStore`. */
export async function restore(config: Config, request: RestoreRequest): Promise<Restored> {
  const { restoreBackup } = await import("@parlance/storage/copy");
  const { from, withFiles, replace, ignoreConnections, onProgress } = request;
  return restoreBackup({
    from,
    to: copyAddress(config),
    replace,
    ignoreConnections,
    ...(withFiles ? { filesDirectory: filesDirectory(config) } : {}),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
}

/**
 * Takes a move back whose server was killed in its last step, when the old database was sealed and the new one not finished.
 *
 * @returns why not, in words for the operator; undefined when the database of the configuration is the install again.
 */
export async function takeMoveBack(
  config: Config,
  to: string | undefined,
): Promise<string | undefined> {
  const { openCopyEnd } = await import("@parlance/storage/copy");
  if ((await schemaStatus(config)).inUse) return "A Parlance process is using the database.";
  const source = await openCopyEnd(copyAddress(config));
  try {
    const { mark, isCaptured } = await source.state();
    if (mark?.type === "moved") {
      const trouble = await whyNotBack(config, to, mark.to);
      if (trouble !== undefined) return trouble;
      await source.unseal();
    } else if (!isCaptured) return "No move was begun, or nothing is left of it.";
    await source.release();
    return undefined;
  } finally {
    await source.close();
  }
}

async function whyNotBack(
  config: Config,
  to: string | undefined,
  named: string,
): Promise<string | undefined> {
  if (to === undefined) {
    return `The install was moved to ${named}. Give its address with --to, so that it can be seen whether the move was finished there.`;
  }
  const { openCopyEnd } = await import("@parlance/storage/copy");
  const address = { ...config, database_url: to };
  const target = await openCopyEnd(copyAddress(address));
  try {
    const { mark, isUsed } = await target.state();
    if (mark?.type === "unfinished" || !isUsed) return undefined;
    return `The move was finished: the install is in ${storeName(address)}, and what is here is older.`;
  } finally {
    await target.close();
  }
}

function filesDirectory(config: Config): string {
  return config.files_dir ?? join(config.data_dir, "files");
}

import { StorageError } from "@parlance/core";
import { type Mark, NewerSchemaError, SetAsideError } from "@parlance/storage";
import { DirectoryInUseError } from "@parlance/storage/sqlite";
import { ConfigError } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { WorkerStartError } from "./processes/workers.ts";
import { storeDirectory, storeName, storePlace } from "./store.ts";

/** Why a server did not start, in lines for the person who started it; undefined for what nobody foresaw. */
export function describeStartFailure(
  error: unknown,
  config: Config,
): readonly string[] | undefined {
  if (error instanceof ConfigError) return error.lines;
  if (error instanceof Error && refusals.has(error.name)) return [error.message];
  if (error instanceof WorkerStartError) return error.lines.length > 0 ? error.lines : undefined;
  if (error instanceof DirectoryInUseError) {
    return [
      `The data directory ${storeDirectory(config)} is used by another Parlance. Stop that one, or choose another with --data-dir.`,
    ];
  }
  if (error instanceof NewerSchemaError) {
    return [
      `The database ${storePlace(config)} has schema version ${error.version}, and this program knows ` +
        `${error.known}. It was used by a newer Parlance: start that one.`,
    ];
  }
  if (error instanceof SetAsideError) return [setAsideLine(error.mark, config)];
  if (error instanceof StorageError) {
    return [`The database ${storePlace(config)} cannot be opened: ${error.message}.`];
  }
  switch ((error as NodeJS.ErrnoException | null)?.code) {
    case "EADDRINUSE":
      return [
        `Port ${config.port} on ${config.host} is taken. Choose another with --port, or stop what uses it.`,
      ];
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return [`This machine has no address ${config.host}. Choose another with --host.`];
    case "ENOENT":
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "ENOTDIR":
    case "EEXIST":
      return [accessLine(error as NodeJS.ErrnoException, config)];
    case "ENOSPC":
      return [`The disk of ${config.data_dir} is full.`];
    default:
      return undefined;
  }
}

/** By name, so that what makes copies is not loaded for it. */
const refusals: ReadonlySet<string> = new Set(["BackupRefused", "RestoreRefused"]);

function setAsideLine(mark: Mark, config: Config): string {
  const place = storeName(config);
  if (mark.type === "moved") {
    return (
      `This install was moved from ${place} to ${mark.to}. Let PARLANCE_DATABASE_URL (database_url) name that one. ` +
      "If its server was killed while it moved, parlance move --abandon --to <address> tells whether it can go on here."
    );
  }
  return mark.by === "restore"
    ? `A restore into ${place} was begun and not finished. Run parlance restore again.`
    : `A move into ${place} was begun and not finished: the install is where it was before. Let PARLANCE_DATABASE_URL ` +
        "(database_url) name that database, and run parlance move again.";
}

function accessLine(error: NodeJS.ErrnoException, config: Config): string {
  if (error.syscall === "listen") {
    return `Port ${config.port} may not be used by this user. Choose one above 1023 with --port.`;
  }
  return (
    `The data directory ${config.data_dir} cannot be written (${error.code}). Change its owner, or choose another ` +
    "with --data-dir."
  );
}

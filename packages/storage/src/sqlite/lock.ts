import { join } from "node:path";
import { Database } from "./database.ts";
import { busy, resultCode } from "./errors.ts";

/** Another process (or another part of this one) uses the directory already. */
export class DirectoryInUseError extends Error {
  readonly directory: string;

  constructor(directory: string, options?: ErrorOptions) {
    super(`the data directory ${directory} is in use by another process`, options);
    this.name = "DirectoryInUseError";
    this.directory = directory;
  }
}

/**
 * Makes this process the only one that uses the directory. The lock is an open exclusive transaction on a
 * tiny database of its own: the operating system frees it however the process ends.
 *
 * @returns lets go of the directory.
 * @throws DirectoryInUseError at once, without waiting.
 */
export function lockDirectory(directory: string): () => void {
  const database = new Database(join(directory, "parlance.lock"), { busyTimeoutMs: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (resultCode(error) === busy) throw new DirectoryInUseError(directory, { cause: error });
    throw error;
  }
  return () => database.close();
}

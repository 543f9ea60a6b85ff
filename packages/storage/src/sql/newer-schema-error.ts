import { StorageError } from "@parlance/core/storage-error";

/** The database was written by a newer program, and an older one would not understand it. Nothing was changed. */
export class NewerSchemaError extends StorageError {
  /** The database's. */
  readonly version: number;
  /** The highest that this program knows. */
  readonly known: number;

  constructor(version: number, known: number) {
    super(`the database has schema version ${version}; this program knows ${known}`, "none");
    this.name = "NewerSchemaError";
    this.version = version;
    this.known = known;
  }
}

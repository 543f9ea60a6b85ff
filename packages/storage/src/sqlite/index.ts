export {
  openSqlite,
  type SqliteOptions,
  type SqliteStatus,
  type SqliteStore,
} from "./connect.ts";
export { DirectoryInUseError } from "./lock.ts";
export { makeDirectory } from "./make-directory.ts";
export { NewerSchemaError } from "./newer-schema-error.ts";
export { readSchema, type SchemaStatus } from "./schema-status.ts";

export { NewerSchemaError } from "../sql/newer-schema-error.ts";
export { openSqlite, type SqliteOptions } from "./connect.ts";
export { DirectoryInUseError } from "./lock.ts";
export { makeDirectory } from "./make-directory.ts";
export { checkWhole, readSchema, type SchemaStatus } from "./schema-status.ts";

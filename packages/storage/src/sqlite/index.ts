export {
  openSqlite,
  type SqliteOptions,
  type SqliteStatus,
  type SqliteStore,
} from "./connect.ts";
export { DirectoryInUseError } from "./lock.ts";

import type { CopyEnd } from "./end.ts";

/** Where a database is. */
export type CopyAddress =
  | { readonly engine: "sqlite"; readonly directory: string }
  | { readonly engine: "postgres" | "mysql"; readonly url: string; readonly prefix: string };

/** Opens a database as one end of a copy, without a look at it. */
export async function openCopyEnd(address: CopyAddress): Promise<CopyEnd> {
  if (address.engine === "sqlite") {
    const { openSqliteCopy } = await import("../sqlite/copy.ts");
    return openSqliteCopy(address);
  }
  if (address.engine === "postgres") {
    const { openPostgresCopy } = await import("../postgres/copy.ts");
    return openPostgresCopy(address);
  }
  const { openMysqlCopy } = await import("../mysql/copy.ts");
  return openMysqlCopy(address);
}

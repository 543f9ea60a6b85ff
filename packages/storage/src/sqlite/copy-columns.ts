/** How the tables that are copied look here: a few names differ, some columns are made, tokens are known by more than their hash. */
import type { CopyKey, CopyRow } from "../copy/end.ts";
import { type CopyTableName, copyTable } from "../copy/tables.ts";
import { foldLogin } from "../sql/fold.ts";
import type { Value } from "./database.ts";
import { hashAsToken, tokenHash } from "./token-hash.ts";

/** Names of a table's columns here, in the order of what is copied. */
export function physicalColumns(table: CopyTableName): readonly string[] {
  if (table === "used_tokens") return ["issuer", "jti", "expires_at"];
  const names = Object.keys(copyTable(table).columns).map(physicalName);
  return table === "users" ? [...names, "email_folded"] : names;
}

/** Names of the columns of a table's key here. */
export function physicalKey(table: CopyTableName): readonly string[] {
  return table === "used_tokens" ? ["issuer", "jti"] : copyTable(table).key.map(physicalName);
}

function physicalName(column: string): string {
  return column === "user_id" ? "user" : column;
}

/** A row as it is copied. */
export function toCopyRow(table: CopyTableName, cells: readonly Value[]): CopyRow {
  if (table === "users") return cells.slice(0, -1);
  if (table !== "used_tokens") return cells;
  const [issuer, jti, expiresAt] = cells;
  return [tokenHash(String(issuer), String(jti)), Number(expiresAt)];
}

/** A row as it is stored here. */
export function toStoredRow(table: CopyTableName, row: CopyRow): readonly Value[] {
  if (table === "users") {
    const email = row[Object.keys(copyTable("users").columns).indexOf("email")];
    return [...row, typeof email === "string" ? foldLogin(email) : null];
  }
  if (table !== "used_tokens") return row;
  const [hash, expiresAt] = row;
  return [...hashAsToken(hash as Uint8Array), expiresAt ?? null];
}

/** A key as it is copied. */
export function toCopyKey(table: CopyTableName, key: readonly Value[]): CopyKey {
  return table === "used_tokens" ? [tokenHash(String(key[0]), String(key[1]))] : key;
}

/** A key as it is stored here. */
export function toStoredKey(table: CopyTableName, key: CopyKey): readonly Value[] {
  return table === "used_tokens" ? hashAsToken(key[0] as Uint8Array) : key;
}

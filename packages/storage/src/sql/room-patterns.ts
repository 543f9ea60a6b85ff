/** Patterns of room names (`isRoomPattern` of core) as conditions. Of their signs only `*` and `_` mean something to an engine. */

/** A condition and its values; empty where there are no patterns to be of. */
export interface PatternCondition {
  readonly sql: string;
  readonly values: readonly string[];
}

/** That the column is of one of the patterns, for engines with `LIKE` as the standard has it. */
export function likeAny(column: string, of: readonly string[] | undefined): PatternCondition {
  const escaped = of?.map((pattern) => pattern.replaceAll("_", "!_").replaceAll("*", "%"));
  return any(`${column} LIKE ? ESCAPE '!'`, escaped);
}

/** The same for SQLite, whose `LIKE` takes capital letters for small ones. */
export function globAny(column: string, of: readonly string[] | undefined): PatternCondition {
  return any(`${column} GLOB ?`, of);
}

function any(one: string, values: readonly string[] | undefined): PatternCondition {
  if (values === undefined) return { sql: "", values: [] };
  if (values.length === 0) return { sql: "AND 1 = 0", values };
  return { sql: `AND (${values.map(() => one).join(" OR ")})`, values };
}

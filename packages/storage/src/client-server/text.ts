/** Statements as they are written here, made into an engine's own. */

/** How an engine writes names and parameters. */
export interface TextStyle {
  /** A table's or index's name with the install's prefix, quoted. */
  name(name: string): string;
  /** The n-th parameter, from 1. */
  parameter(place: number): string;
  /** `IN` with the n-th parameter, which is a list. */
  inList(place: number): string;
}

/**
 * Makes texts of this package into an engine's. The texts are constants, so what is kept is bounded by their number.
 */
export function createTexts(style: TextStyle): (sql: string) => string {
  const known = new Map<string, string>();
  return (sql) => {
    const before = known.get(sql);
    if (before !== undefined) return before;
    let place = 0;
    const text = sql.replace(/\{(\w+)\}|IN \(\?\*\)|\?/g, (found, name: string | undefined) => {
      if (name !== undefined) return style.name(name);
      place += 1;
      return found === "?" ? style.parameter(place) : style.inList(place);
    });
    known.set(sql, text);
    return text;
  };
}

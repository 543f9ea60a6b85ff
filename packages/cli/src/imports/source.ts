/** Where what is imported comes from: items one after the other, each with its place, so that a later run can go on. */

/** One item, as the server takes it, and where it is in the source. */
export interface SourceItem {
  /** Of the export format; anything that came instead. */
  readonly item: unknown;
  /** `line 17`, `general/2024-01-31.json 3`. */
  readonly at: string;
}

export interface Source {
  /** What the operator named. */
  readonly name: string;
  /** Of all of it, for telling how far an import is; read before the first item. */
  readonly bytes: number;
  /** Of what was given so far. */
  readonly done: () => number;
  items(): AsyncIterable<SourceItem>;
}

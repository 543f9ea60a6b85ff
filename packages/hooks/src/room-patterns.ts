/**
 * Whether a room's name matches one of the patterns, in which `*` stands for anything.
 *
 * @param patterns None: no room does.
 */
export function matchesRoom(patterns: readonly string[]): (room: string) => boolean {
  const matchers = patterns.map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .split("*")
          .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
          .join(".*")}$`,
      ),
  );
  return (room) => matchers.some((matcher) => matcher.test(room));
}

/** Patterns of `PSUBSCRIBE`. */

/** The names that match: `*`, `?`, `[a-z]`, `[^a]`, `\` before a character that stands for itself. */
export function regExpOfGlob(glob: string): RegExp {
  const parts = glob.match(/\\[\s\S]|\[\^?(?:\\[\s\S]|[^\]]-[\s\S]|[^\]])*\]?|[\s\S]/g) ?? [];
  const source = parts.map((part) => {
    if (part === "*") return "[\\s\\S]*";
    if (part === "?") return "[\\s\\S]";
    if (part.length > 1 && part.startsWith("[")) return classOf(part);
    return escape(part);
  });
  return new RegExp(`^${source.join("")}$`);
}

function classOf(part: string): string {
  const not = part.startsWith("[^") ? "^" : "";
  const members = part.slice(1 + not.length).match(/\\[\s\S]|[^\]]-[\s\S]|[^\]]/g) ?? [];
  const ranges = members.map((member) => {
    if (member.length < 3) return escape(member);
    // As Redis does it: the ends of a range may be the wrong way round, and are never escaped.
    return [escape(member.slice(0, 1)), escape(member)].sort().join("-");
  });
  return `[${not}${ranges.join("")}]`;
}

function escape(part: string): string {
  const code = part.charCodeAt(part.length - 1);
  return `\\u${code.toString(16).padStart(4, "0")}`;
}

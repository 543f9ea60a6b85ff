/** Patterns of names, in which `*` stands for any characters and everything else for itself. */

const form = /^[A-Za-z0-9_:.*-]{1,128}$/;

/** Whether a text can be a pattern of room names. */
export function isRoomPattern(text: string): boolean {
  return form.test(text);
}

/** Whether a name is of one of the patterns. In time linear in both for patterns of one `*`, and never worse than their product. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matches(pattern, name));
}

/* Goes back to the last `*` only: what an earlier one took can always stay as it is. */
function matches(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let retry = 0;
  let place = 0;
  while (place < name.length) {
    if (pattern[at] === "*") {
      star = at;
      retry = place;
      at += 1;
    } else if (pattern[at] === name[place]) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      retry += 1;
      place = retry;
      at = star + 1;
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}

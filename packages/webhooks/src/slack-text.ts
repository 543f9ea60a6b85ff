/** Slack's way of writing as plain text: what somebody reading it there would read, and nothing made up. */

/** What stands between `<` and `>`: an address, somebody, a channel, something for machines. */
function bracket(inner: string): string {
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? "" : inner.slice(bar + 1);
  const named = (sign: string): string => {
    if (label === "") return sign + target.slice(1);
    return label.startsWith(sign) ? label : sign + label;
  };
  if (target.startsWith("@")) return named("@");
  if (target.startsWith("#")) return named("#");
  if (target.startsWith("!date")) return label;
  if (target.startsWith("!subteam")) return label === "" ? "@group" : label;
  if (target.startsWith("!")) return `@${target.slice(1).split("^", 1)[0]}`;
  const address = target.replace(/^mailto:/, "");
  if (label === "" || label === target || label === address) return address;
  return `${label} (${address})`;
}

/** `&amp;`, `&lt;` and `&gt;` are the only ones that Slack knows; each is read once. */
export function plainEntities(text: string): string {
  return text.replace(/&(amp|lt|gt);/g, (_, name: string) => entities[name] ?? "");
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">" };

/** A text of Slack's as it is read; its `*bold*` and the like stay, as they are read well as they are. */
export function plainSlack(text: string): string {
  return plainEntities(text.replace(/<([^<>\n]+)>/g, (_, inner: string) => bracket(inner)));
}

/** Slack's markup as text for people: mentions, links, entities, names of emoji. */

/** The reactions that are put most; of others the name stays, between colons. */
const emoji: Readonly<Record<string, string>> = {
  "+1": "👍",
  thumbsup: "👍",
  "-1": "👎",
  thumbsdown: "👎",
  heart: "❤️",
  joy: "😂",
  smile: "😄",
  slightly_smiling_face: "🙂",
  laughing: "😆",
  wink: "😉",
  tada: "🎉",
  eyes: "👀",
  clap: "👏",
  fire: "🔥",
  rocket: "🚀",
  pray: "🙏",
  wave: "👋",
  ok_hand: "👌",
  raised_hands: "🙌",
  white_check_mark: "✅",
  heavy_check_mark: "✔️",
  x: "❌",
  100: "💯",
  thinking_face: "🤔",
  cry: "😢",
  sob: "😭",
  open_mouth: "😮",
  muscle: "💪",
  star: "⭐",
  bulb: "💡",
};

/** @param name Without colons; a skin tone behind `::` is left out. */
export function emojiOf(name: string): string {
  const [base = name] = name.split("::");
  return emoji[base] ?? `:${base}:`.slice(0, 32);
}

/** @param names Of users, by their ids. */
export function textOf(text: string, names: ReadonlyMap<string, string>): string {
  return text
    .replaceAll(/<([^<>]+)>/g, (whole, inside: string) => meaning(inside, names) ?? whole)
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replaceAll("\u0000", "")
    .toWellFormed();
}

function meaning(inside: string, names: ReadonlyMap<string, string>): string | undefined {
  const [what = "", label] = inside.split("|");
  if (what.startsWith("@")) return `@${names.get(what.slice(1)) ?? label ?? what.slice(1)}`;
  if (what.startsWith("#")) return `#${label ?? what.slice(1)}`;
  if (what.startsWith("!")) {
    const [name = ""] = what.slice(1).split("^");
    return label ?? `@${name}`;
  }
  if (!/^(https?|mailto|tel|ftp):/i.test(what)) return undefined;
  return label === undefined || label === what || `mailto:${label}` === what
    ? what.replace(/^mailto:/, "")
    : `${label} (${what})`;
}

/**
 * A text as one line without formatting, for where a message is only hinted at. What its writer hid stays hidden, also where the text was cut
 * before the end of it.
 */
export function plainLine(text: string): string {
  return text
    .replaceAll(/\|\|[^]*?(?:\|\||$)/g, "▒▒▒")
    .replaceAll(/```[\w-]*\n?|\*\*|~~|`/g, "")
    .replaceAll(/^\s*(?:#{1,6}|>)\s+/gm, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

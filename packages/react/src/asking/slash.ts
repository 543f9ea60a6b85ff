/** What a text that begins with a slash means. Pure. */

/** A command as it is written. */
export interface Given {
  readonly name: string;
  /** What stands behind the name, without blanks around it. */
  readonly rest: string;
}

/** A command that can be chosen. */
export interface Offered {
  readonly name: string;
  readonly description: string;
  readonly usage: string;
}

/** The command that a text gives; undefined for a text. */
export function commandIn(text: string): Given | undefined {
  const found = /^\/([^\s/]+)(?:\s+([\s\S]*))?$/.exec(text);
  if (found === null) return undefined;
  const [, name = "", rest = ""] = found;
  return { name: name.toLowerCase(), rest: rest.trim() };
}

/** What is sent of a text: one slash of two at its beginning is to say that it is no command. */
export function textOf(text: string): string {
  return text.startsWith("//") ? text.slice(1) : text;
}

/** Those that may be meant while the name is being written, by name. */
export function offeredFor(text: string, all: readonly Offered[]): readonly Offered[] {
  const found = /^\/([a-z0-9_-]*)$/i.exec(text);
  if (found === null) return [];
  const begun = (found[1] ?? "").toLowerCase();
  return all.filter(({ name }) => name.startsWith(begun));
}

/** Mentions in what somebody writes: when a list of people is wanted, who is in it, and who is mentioned in the end. Pure. */
import type { MentionWish } from "@parlance/client";
import type { RoomState } from "../state/model.ts";
import { byName } from "../state/signals.ts";

/** Somebody who can be mentioned. */
export interface Mentionable {
  readonly id: string;
  readonly name: string;
}

/** What stands behind an `@` before the caret. */
export interface MentionQuery {
  /** Of the `@`, in the text. */
  readonly start: number;
  readonly query: string;
}

/** Names are at most so long (protocol). UTF-16 code units. */
const mostQuery = 64;
/** Entries of the list. */
const mostCandidates = 8;
/** People named in one message at most (protocol). */
const mostMentioned = 50;
const wordCharacter = /[\p{L}\p{N}_]/u;

/** The people of a room, as far as they are known: members, who is there, who wrote. By name. */
export function peopleOf(
  room: Pick<RoomState, "members" | "online" | "events">,
): readonly Mentionable[] {
  const people = new Map<string, Mentionable>();
  for (const event of room.events) {
    if ("erased" in event || event.type !== "message.created") continue;
    people.set(event.author, { id: event.author, name: event.data.author_name });
  }
  for (const user of [...(room.members ?? []).map((one) => one.user), ...(room.online ?? [])]) {
    people.set(user.id, { id: user.id, name: user.name });
  }
  return byName([...people.values()] as never) as readonly Mentionable[];
}

/** What somebody is looking for, if the caret is behind an `@` that begins a word. */
export function mentionQuery(text: string, caret: number): MentionQuery | undefined {
  const start = text.slice(0, caret).lastIndexOf("@");
  if (start < 0 || caret - start - 1 > mostQuery) return undefined;
  if (isInWord(text, start)) return undefined;
  const query = text.slice(start + 1, caret);
  return /[\n@]|\s\s|^\s/.test(query) ? undefined : { start, query };
}

/** Those whose name has a word that begins so, who begins so first; the rest of a name may be written too. */
export function candidatesFor(
  query: string,
  people: readonly Mentionable[],
): readonly Mentionable[] {
  const wanted = fold(query);
  const begins = ({ name }: Mentionable): boolean => fold(name).startsWith(wanted);
  const hasWord = ({ name }: Mentionable): boolean => fold(name).includes(` ${wanted}`);
  return [...people.filter(begins), ...people.filter((one) => !begins(one) && hasWord(one))].slice(
    0,
    mostCandidates,
  );
}

/** Who is named behind an `@`, outside of code; the longest name counts where several fit. */
export function wishOf(text: string, people: readonly Mentionable[]): MentionWish | undefined {
  if (!text.includes("@")) return undefined;
  const users = new Set<string>();
  const plain = text.replaceAll(/```[\s\S]*?(?:```|$)|`[^`\n]*`/g, (code) =>
    " ".repeat(code.length),
  );
  const longestFirst = people.toSorted((a, b) => b.name.length - a.name.length);
  for (let at = plain.indexOf("@"); at >= 0; at = plain.indexOf("@", at + 1)) {
    if (isInWord(plain, at)) continue;
    const length = longestFirst.find(({ name }) => isNameAt(plain, at + 1, name))?.name.length;
    if (length === undefined) continue;
    // Of several who are called so, all are meant: nobody could tell.
    for (const { id, name } of longestFirst) {
      if (name.length === length && isNameAt(plain, at + 1, name)) users.add(id);
    }
  }
  if (users.size === 0) return undefined;
  return { users: [...users].slice(0, mostMentioned) as unknown as MentionWish["users"] & object };
}

/** Whether a name stands there whole. */
export function isNameAt(text: string, at: number, name: string): boolean {
  if (name === "" || fold(text.slice(at, at + name.length)) !== fold(name)) return false;
  return !wordCharacter.test(text.charAt(at + name.length));
}

/** In the middle of something it is no mention: an address, for instance. */
export function isInWord(text: string, at: number): boolean {
  return at > 0 && /[\p{L}\p{N}_@./-]/u.test(text.charAt(at - 1));
}

function fold(text: string): string {
  return text.toLocaleLowerCase();
}

/** Mentions in a text as chips. Only what the server has decided to be one is. */
import type { Mentions } from "@parlance/client";
import { createContext, type ReactNode, useContext } from "react";
import { isInWord, isNameAt, type Mentionable } from "../composer/mentions.ts";

/** What is a chip where it stands behind an `@`. */
export interface MentionMark {
  readonly name: string;
  /** It means the reader. */
  readonly isMe: boolean;
}

/** Of the text that is drawn. */
export const MentionMarks = createContext<readonly MentionMark[]>([]);

const noMarks: readonly MentionMark[] = [];
/** A user name as accounts have them, behind an `@`. */
const userName = /@([A-Za-z0-9](?:[A-Za-z0-9_.-]{0,30}[A-Za-z0-9])?)/g;

/** @param people Whose names are known. Accounts are mentioned by user names too, which nobody else's page knows. */
export function marksOf(
  text: string,
  mentions: Mentions | undefined,
  people: readonly Mentionable[],
  me: string,
): readonly MentionMark[] {
  if (mentions === undefined) return noMarks;
  const { users = [], room, here } = mentions;
  const names = new Map(people.map(({ id, name }) => [id, name]));
  const named = users.flatMap((id): (MentionMark & { readonly id: string })[] => {
    const name = names.get(id);
    return name !== undefined && hasName(text, name) ? [{ id, name, isMe: id === me }] : [];
  });
  const known = new Set(named.map(({ name }) => name.toLowerCase()));
  const nameless = users.filter((id) => !named.some((one) => one.id === id));
  const byUserName = [...text.matchAll(userName)]
    .map(([, name = ""]) => name)
    .filter((name) => nameless.length > 0 && !known.has(name.toLowerCase()))
    .map((name) => ({ name, isMe: nameless.length === 1 && nameless[0] === me }));
  return [
    ...named,
    ...(room === true ? [{ name: "room", isMe: true }] : []),
    ...(here === undefined ? [] : [{ name: "here", isMe: here.some((id) => id === me) }]),
    ...byUserName,
  ].toSorted((a, b) => b.name.length - a.name.length);
}

function hasName(text: string, name: string): boolean {
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    if (isNameAt(text, at + 1, name)) return true;
  }
  return false;
}

/** A piece of text, with its mentions as chips. */
export function Marked({ text }: { text: string }): ReactNode {
  const marks = useContext(MentionMarks);
  if (marks.length === 0 || !text.includes("@")) return text;
  const pieces: ReactNode[] = [];
  let from = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", Math.max(at + 1, from))) {
    if (isInWord(text, at)) continue;
    const mark = marks.find(({ name }) => isNameAt(text, at + 1, name));
    if (mark === undefined) continue;
    const end = at + 1 + mark.name.length;
    pieces.push(text.slice(from, at));
    pieces.push(
      <bdi key={at} className={mark.isMe ? "mention to-me" : "mention"}>
        {text.slice(at, end)}
      </bdi>,
    );
    from = end;
  }
  pieces.push(text.slice(from));
  return pieces;
}

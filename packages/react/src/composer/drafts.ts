/** Texts that are not sent yet, and what they answer; one for each room and thread of a user, kept over reloads. */
import { type KeyValue, readStored, writeStored } from "../chat/storage.ts";

/** Drafts of one user. `key`: see `draftKey`. */
export interface Drafts {
  /** The text of a draft, empty if there is none. */
  get(key: string): string;
  /** Keeps a text; one without anything to see removes it. */
  set(key: string, text: string): void;
  /** The message that a draft answers. */
  answer(key: string): string | undefined;
  /** Keeps which message it answers: only its id, since its text may be erased. */
  setAnswer(key: string, message: string | undefined): void;
  /** Keys of all that have a text. */
  keys(): readonly string[];
  /** All drafts that answer something, with the message. */
  answers(): readonly (readonly [string, string])[];
  /** Removes the drafts of a room and of its threads. */
  forget(room: string): void;
  /** Removes all drafts of this user. */
  clear(): void;
}

/** Drafts that are kept at most; the one not touched for the longest goes first. */
export const maxDrafts = 50;

/** Names a draft: of a room, or of a thread in it (`thread`: id of the root). */
export function draftKey(room: string, thread?: string): string {
  return thread === undefined ? room : `${room}/${thread}`;
}

/** Where it is noted which drafts of a user the server does not have yet. */
export function unsentPlace(user: string): string {
  return `parlance.drafts-unsent.${user}`;
}

interface Draft {
  readonly text: string;
  readonly answer: string | undefined;
}

const none: Draft = { text: "", answer: undefined };

/** Drafts in a storage. They belong to a user, so that the next one at this browser does not see them. */
export function createDrafts(storage: () => KeyValue, user: string): Drafts {
  const place = `parlance.drafts.${user}`;
  let drafts = parse(readStored(storage, place));
  const store = (): void => {
    const all = [...drafts].map(([key, { text, answer }]) =>
      answer === undefined ? [key, text] : [key, text, answer],
    );
    writeStored(storage, place, all.length === 0 ? undefined : JSON.stringify(all));
  };
  const of = (key: string): Draft => drafts.get(key) ?? none;
  const change = (key: string, draft: Draft): void => {
    drafts.delete(key);
    if (draft.text.trim() !== "" || draft.answer !== undefined) drafts.set(key, draft);
    for (const oldest of drafts.keys()) {
      if (drafts.size <= maxDrafts) break;
      drafts.delete(oldest);
    }
    store();
  };
  return {
    get: (key) => of(key).text,
    set: (key, text) => {
      if (text !== of(key).text) change(key, { ...of(key), text });
    },
    answer: (key) => of(key).answer,
    setAnswer: (key, answer) => {
      if (answer !== of(key).answer) change(key, { ...of(key), answer });
    },
    keys: () => [...drafts].flatMap(([key, { text }]) => (text === "" ? [] : [key])),
    answers: () =>
      [...drafts].flatMap(([key, { answer }]) => (answer === undefined ? [] : [[key, answer]])),
    forget: (room) => {
      for (const key of [...drafts.keys()]) {
        if (key === room || key.startsWith(`${room}/`)) drafts.delete(key);
      }
      store();
    },
    clear: () => {
      drafts = new Map();
      store();
      writeStored(storage, unsentPlace(user), undefined);
    },
  };
}

function parse(text: string | undefined): Map<string, Draft> {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(value)) return new Map();
    return new Map(
      value.flatMap((entry: unknown): [string, Draft][] => {
        if (!Array.isArray(entry)) return [];
        const [key, draft, answer] = entry as unknown[];
        if (typeof key !== "string" || typeof draft !== "string") return [];
        return [[key, { text: draft, answer: typeof answer === "string" ? answer : undefined }]];
      }),
    );
  } catch {
    return new Map();
  }
}

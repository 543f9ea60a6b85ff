/** Texts that are not sent yet, one per room and user, kept over reloads. */
import { type KeyValue, readStored, writeStored } from "../chat/storage.ts";

/** Drafts of one user. */
export interface Drafts {
  /** The draft of a room, empty if there is none. */
  get(room: string): string;
  /** Keeps a draft; text without anything to see removes it. */
  set(room: string, text: string): void;
  /** Removes all drafts of this user. */
  clear(): void;
}

/** Rooms whose drafts are kept at most; the one not touched for the longest goes first. */
export const maxDrafts = 50;

/** Drafts in a storage. They belong to a user, so that the next one at this browser does not see them. */
export function createDrafts(storage: () => KeyValue, user: string): Drafts {
  const key = `parlance.drafts.${user}`;
  let texts = parse(readStored(storage, key));
  const store = (): void =>
    writeStored(storage, key, texts.size === 0 ? undefined : JSON.stringify([...texts]));
  return {
    get: (room) => texts.get(room) ?? "",
    set: (room, text) => {
      if (text === (texts.get(room) ?? "")) return;
      texts.delete(room);
      if (text.trim() !== "") texts.set(room, text);
      for (const oldest of texts.keys()) {
        if (texts.size <= maxDrafts) break;
        texts.delete(oldest);
      }
      store();
    },
    clear: () => {
      texts = new Map();
      store();
    },
  };
}

function parse(text: string | undefined): Map<string, string> {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(value)) return new Map();
    return new Map(
      value.filter(
        (entry): entry is [string, string] =>
          Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "string",
      ),
    );
  } catch {
    return new Map();
  }
}

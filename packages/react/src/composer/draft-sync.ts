/**
 * Drafts on all devices of their writer. What is written here goes to the server when typing pauses; what another device wrote
 * comes here, but never over something that the server does not have yet: the newest of both wins there.
 */
import type { Draft } from "@parlance/client";
import { type KeyValue, readStored, writeStored } from "../chat/storage.ts";
import { type Drafts, draftKey, unsentPlace } from "./drafts.ts";

/** Typing pauses for so long before a draft is sent, and it is sent at least so often while it goes on. Milliseconds. */
export const pauseMs = 800;
export const mostMs = 4_000;
/** What was written so long ago is told with its time; the server's clock decides about the rest. */
const freshMs = 10_000;

/** Drafts that are followed. */
export interface SyncedDrafts extends Drafts {
  /** Takes a draft away, here and on other devices; a composer that shows it is emptied. */
  discard(key: string): void;
  /** Told when another device changed the draft. @returns what ends it. */
  follow(key: string, listen: (text: string) => void): () => void;
}

/** What the sync needs around it. */
export interface DraftHost {
  readonly drafts: Drafts;
  readonly storage: () => KeyValue;
  /** Id of the reader. */
  readonly me: string;
  /** Another device's draft answers this message, or none any more. */
  onAnswer(key: string, message: string | undefined): void;
  /** Keeps one on the server, with what it answers, and resolves with what is kept. `editedAt`: ISO 8601; absent: now. */
  save(key: string, text: string, editedAt: string | undefined): Promise<Draft>;
  /** Whether an error says that it may work later: it is tried again with the next connection. */
  mayPass(error: unknown): boolean;
}

/** Drafts that are sent, and the two ways in which others come. */
export function createDraftSync(host: DraftHost): {
  readonly drafts: SyncedDrafts;
  /** All that the server keeps, after a sign-in. `askedAt`: milliseconds since 1970. */
  listed(all: readonly Draft[], askedAt: number): void;
  /** One that changed, on whichever device. */
  changed(draft: Draft): void;
  /** Sends at once what waits for a pause. */
  flush(): void;
} {
  const { drafts } = host;
  const place = unsentPlace(host.me);
  /** By key, when it was written: milliseconds since 1970. What is here the server does not have. */
  const unsent = parse(readStored(host.storage, place), drafts.keys());
  /** When the server was last known to have what is here. */
  const settledAt = new Map<string, number>();
  /** What the server is known to keep. */
  const kept = new Set<string>();
  const timers = new Map<string, { readonly since: number; readonly timer: Timer }>();
  const listeners = new Map<string, Set<(text: string) => void>>();
  const note = (): void =>
    // Also where nothing is unsent: then what is here was on the server.
    writeStored(host.storage, place, JSON.stringify([...unsent]));
  const settle = (key: string): void => {
    if (!unsent.delete(key)) return;
    settledAt.set(key, Date.now());
    note();
  };

  const push = async (key: string): Promise<void> => {
    timers.delete(key);
    const at = unsent.get(key);
    if (at === undefined) return;
    const text = drafts.get(key);
    // Written and sent within a moment: the server never knew of it.
    if (text === "" && !kept.has(key)) return settle(key);
    const isFresh = Date.now() - at < freshMs;
    try {
      const answer = await host.save(key, text, isFresh ? undefined : new Date(at).toISOString());
      // Somebody went on writing meanwhile.
      if (unsent.get(key) !== at) return;
      settle(key);
      adopt(answer);
    } catch (error) {
      if (!host.mayPass(error)) settle(key);
    }
  };
  const pushSoon = (key: string): void => {
    const begun = timers.get(key);
    clearTimeout(begun?.timer);
    const since = begun?.since ?? Date.now();
    const wait = Math.max(0, Math.min(pauseMs, since + mostMs - Date.now()));
    timers.set(key, { since, timer: setTimeout(() => void push(key), wait) });
  };
  const changedHere = (key: string): void => {
    unsent.set(key, Date.now());
    note();
    pushSoon(key);
  };
  const write = (key: string, text: string): void => {
    if (text === drafts.get(key)) return;
    drafts.set(key, text);
    changedHere(key);
  };
  const answer = (key: string, message: string | undefined): void => {
    if (message === drafts.answer(key)) return;
    drafts.setAnswer(key, message);
    // Without a text there is no draft yet.
    if (drafts.get(key) !== "") changedHere(key);
  };
  const adopt = (draft: Draft): void => {
    const key = draftKey(draft.room, draft.thread);
    if (draft.text === "") kept.delete(key);
    else kept.add(key);
    // What is being typed is newer, and tells the server so.
    if (unsent.has(key)) return;
    const isNews = drafts.get(key) !== draft.text;
    // What one is about to answer without a word yet is on this device alone.
    if (!isNews && draft.text === "") return;
    if (drafts.answer(key) !== draft.reply_to) {
      drafts.setAnswer(key, draft.reply_to);
      host.onAnswer(key, draft.reply_to);
    }
    if (!isNews) return;
    drafts.set(key, draft.text);
    for (const listen of listeners.get(key) ?? []) listen(draft.text);
  };

  return {
    drafts: {
      ...drafts,
      set: write,
      setAnswer: answer,
      discard: (key) => {
        write(key, "");
        for (const listen of listeners.get(key) ?? []) listen("");
      },
      forget: (room) => {
        drafts.forget(room);
        for (const key of [...unsent.keys()]) {
          if (key === room || key.startsWith(`${room}/`)) settle(key);
        }
      },
      follow: (key, listen) => {
        const known = listeners.get(key) ?? new Set();
        listeners.set(key, known.add(listen));
        return () => known.delete(listen);
      },
    },
    listed: (all, askedAt) => {
      const keys = new Set(all.map(({ room, thread }) => draftKey(room, thread)));
      for (const draft of all) adopt(draft);
      // What the server had and has no more was sent, or discarded, elsewhere.
      const gone = drafts.keys().filter((key) => !keys.has(key) && !unsent.has(key));
      for (const key of gone) {
        if ((settledAt.get(key) ?? 0) >= askedAt) continue;
        adopt({ ...placeOf(key), text: "", edited_at: new Date().toISOString() });
      }
      for (const key of [...unsent.keys()]) void push(key);
      note();
    },
    changed: adopt,
    flush: () => {
      for (const [key, { timer }] of [...timers]) {
        clearTimeout(timer);
        void push(key);
      }
    },
  };
}

/** The room and the thread of a key. */
export function placeOf(key: string): Pick<Draft, "room" | "thread"> {
  const [room = "", thread] = key.split("/");
  return { room: room as Draft["room"], ...(thread === undefined ? {} : { thread }) };
}

type Timer = ReturnType<typeof setTimeout>;

/** Where nothing was ever noted, drafts are from before they were sent: none of them is on the server. */
function parse(text: string | undefined, all: readonly string[]): Map<string, number> {
  if (text === undefined) return new Map(all.map((key) => [key, Date.now()]));
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(value)) return new Map();
    return new Map(
      value.filter(
        (entry): entry is [string, number] =>
          Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "number",
      ),
    );
  } catch {
    return new Map();
  }
}

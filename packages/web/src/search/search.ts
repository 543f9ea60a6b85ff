/** One search and what came of it. It outlives its panel, so that one comes back to it. */
import type { Client, SearchHit } from "@parlance/client";
import { codeOf } from "@parlance/react";
import { type CompiledQuery, compileQuery, type Names } from "./query.ts";

/** Where is searched: in the room on the screen, or in all that the reader may read. */
export type Scope = "here" | "everywhere";

/** Typing is over for now, in milliseconds. */
const pauseMs = 250;
/** Hits of one page. */
const pageSize = 20;

/** The search as it stands. */
export interface SearchState {
  readonly text: string;
  readonly scope: Scope;
  readonly status: "idle" | "searching" | "ready" | "failed";
  readonly hits: readonly SearchHit[];
  /** What the hits were found by. */
  readonly words: readonly string[];
  readonly next: string | undefined;
  readonly isLoadingMore: boolean;
  /** Code of the error table, when failed. */
  readonly code: string | undefined;
  /** Id of the message that was opened last. */
  readonly opened: string | undefined;
}

/** A search. Only the answer to what was asked last counts. */
export interface Search {
  get(): SearchState;
  subscribe(listen: () => void): () => void;
  /** The text changed: searches when typing pauses. */
  type(text: string): void;
  setScope(scope: Scope): void;
  /** Which room is on the screen; a search of that room begins anew. */
  setRoom(room: string): void;
  /** Searches at once. */
  /** Whom and what the text may name from now on. */
  setNames(names: () => Names): void;
  run(): void;
  more(): void;
  open(message: string): void;
}

const nothing = {
  status: "idle",
  hits: [],
  words: [],
  next: undefined,
  isLoadingMore: false,
  code: undefined,
  opened: undefined,
} as const;

/** @param names Whom and what the text may name now. */
export function createSearch(client: Client, room: string, names: () => Names): Search {
  let namesNow = names;
  let state: SearchState = { text: "", scope: "here", ...nothing };
  let here = room;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let turn = 0;
  const listeners = new Set<() => void>();
  const set = (change: Partial<SearchState>): void => {
    state = { ...state, ...change };
    for (const listen of listeners) listen();
  };
  const ask = (query: CompiledQuery, cursor?: string) => {
    const { query: text, words: _words, ...times } = query;
    return client.search(text, {
      ...times,
      // Half a word is enough while somebody types.
      ...(/[\s"]$/u.test(state.text) ? {} : { growing: true as const }),
      ...(state.scope === "here" ? { room: here as SearchHit["message"]["room"] } : {}),
      ...(cursor === undefined ? {} : { cursor }),
      context: 1,
      limit: pageSize,
    });
  };
  const run = (): void => {
    clearTimeout(timer);
    turn += 1;
    const mine = turn;
    if (state.text.trim() === "") return set(nothing);
    const compiled = compileQuery(state.text, namesNow());
    set({ status: "searching", code: undefined });
    ask(compiled).then(
      ({ hits, next }) => {
        if (mine !== turn) return;
        const { words } = compiled;
        set({ status: "ready", hits, words, next, isLoadingMore: false });
      },
      (error: unknown) => {
        if (mine === turn) set({ ...nothing, status: "failed", code: codeOf(error) });
      },
    );
  };
  return {
    get: () => state,
    subscribe: (listen) => {
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
    type: (text) => {
      if (text === state.text) return;
      clearTimeout(timer);
      set({ text });
      timer = setTimeout(run, pauseMs);
    },
    setScope: (scope) => {
      if (scope === state.scope) return;
      set({ scope });
      run();
    },
    setRoom: (id) => {
      if (id === here) return;
      here = id;
      if (state.scope === "here" && state.text !== "") run();
    },
    setNames: (names) => {
      namesNow = names;
    },
    run,
    more: () => {
      const { next } = state;
      if (next === undefined || state.isLoadingMore) return;
      const mine = turn;
      set({ isLoadingMore: true });
      ask(compileQuery(state.text, namesNow()), next).then(
        (page) => {
          if (mine !== turn) return;
          set({ hits: [...state.hits, ...page.hits], next: page.next, isLoadingMore: false });
        },
        () => {
          // The button stays, to be tried again.
          if (mine === turn) set({ isLoadingMore: false });
        },
      );
    },
    open: (message) => set({ opened: message }),
  };
}

/** A list that comes in pages: what is loaded, and whether more is there. */
import { codeOf } from "@parlance/react";
import { useCallback, useEffect, useRef, useState } from "react";

/** One page. `next` is what the page behind it is asked with; absent on the last one. */
export interface ListPage<T, C> {
  readonly items: readonly T[];
  readonly next?: C | undefined;
}

/** The list as it stands. */
export interface List<T> {
  readonly status: "loading" | "ready" | "failed";
  readonly items: readonly T[];
  /** Code of the error table, when failed. */
  readonly code: string | undefined;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  loadMore(): void;
  /** From the beginning, without taking away what is shown meanwhile. */
  reload(): void;
}

/** @param load Asks for a page; another function begins the list anew, and what was shown stays until it is there. */
export function useList<T, C>(load: (from?: C) => Promise<ListPage<T, C>>): List<T> {
  const [state, setState] = useState<{
    readonly status: List<T>["status"];
    readonly items: readonly T[];
    readonly next?: C | undefined;
    readonly code?: string;
  }>({ status: "loading", items: [] });
  const [isLoadingMore, setLoadingMore] = useState(false);
  const turn = useRef(0);

  const begin = useCallback(() => {
    turn.current += 1;
    const mine = turn.current;
    load().then(
      ({ items, next }) => {
        if (mine === turn.current) setState({ status: "ready", items, next });
      },
      (error: unknown) => {
        if (mine !== turn.current) return;
        setState((before) => ({ ...before, status: "failed", code: codeOf(error) }));
      },
    );
  }, [load]);
  useEffect(() => {
    begin();
    return () => {
      turn.current += 1;
    };
  }, [begin]);
  return {
    status: state.status,
    items: state.items,
    code: state.code,
    hasMore: state.next !== undefined,
    isLoadingMore,
    loadMore: () => {
      if (state.next === undefined || isLoadingMore) return;
      const mine = turn.current;
      setLoadingMore(true);
      load(state.next)
        .then(
          ({ items, next }) => {
            if (mine !== turn.current) return;
            setState((before) => ({ status: "ready", items: [...before.items, ...items], next }));
          },
          (error: unknown) =>
            setState((before) => ({ ...before, status: "failed", code: codeOf(error) })),
        )
        .finally(() => setLoadingMore(false));
    },
    reload: begin,
  };
}

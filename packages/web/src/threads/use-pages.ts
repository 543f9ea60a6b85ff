/** A list that comes in pages, the newest first. */
import { useCallback, useEffect, useRef, useState } from "react";

/** What has come of a list. */
export interface Pages<T> {
  readonly status: "loading" | "ready" | "failed";
  readonly items: readonly T[];
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  loadMore(): void;
  /** Asks for the first page again; what is shown stays until it is here. */
  reload(): void;
}

/** One page. `next`: where the one behind it begins. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: number | undefined;
}

/** @param load Asks for a page; the same function each time. */
export function usePages<T>(load: (before: number | undefined) => Promise<Page<T>>): Pages<T> {
  const [status, setStatus] = useState<Pages<T>["status"]>("loading");
  const [items, setItems] = useState<readonly T[]>([]);
  const [next, setNext] = useState<number>();
  const [isLoadingMore, setLoadingMore] = useState(false);
  /** Answers to older questions do not count. */
  const turn = useRef(0);
  const ask = useCallback(
    async (before: number | undefined): Promise<void> => {
      turn.current += 1;
      const mine = turn.current;
      setLoadingMore(before !== undefined);
      try {
        const page = await load(before);
        if (mine !== turn.current) return;
        setItems((known) => (before === undefined ? page.items : [...known, ...page.items]));
        setNext(page.next);
        setStatus("ready");
      } catch {
        if (mine === turn.current) setStatus("failed");
      } finally {
        if (mine === turn.current) setLoadingMore(false);
      }
    },
    [load],
  );
  const reload = useCallback(() => void ask(undefined), [ask]);
  useEffect(() => {
    const turns = turn;
    reload();
    return () => {
      turns.current += 1;
    };
  }, [reload]);
  return {
    status,
    items,
    hasMore: next !== undefined,
    isLoadingMore,
    loadMore: () => void ask(next),
    reload: () => {
      if (status === "failed") setStatus("loading");
      reload();
    },
  };
}

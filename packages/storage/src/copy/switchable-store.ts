/**
 * A store that can be exchanged for another while everybody goes on using it. Its ports (`log`, `directory` …) stay the
 * same objects for whoever was given them; what they are asked goes to the store that is current at that moment.
 */
import { StorageError } from "@parlance/core";
import { type Effect, effects } from "../ports.ts";
import type { Store, StoreStatus } from "../store.ts";

/** Writes that may wait at once: as many as an engine lets wait. */
const waitingWrites = 50_000;

export interface SwitchableStore extends Store {
  /** Lets later writes wait, and resolves when those that are under way have been answered. */
  hold(): Promise<void>;
  /** Gives what waits to the current store, in the order in which it came. */
  letGo(): void;
  /** From here on another store is used. The one before stays open until `close`. */
  exchange(next: Store): void;
}

/** Hears of every call: which method, how long it took in milliseconds, and the error if it failed. */
export type WatchCalls = (operation: string, tookMs: number, error?: unknown) => void;

/** Makes a store exchangeable. */
export function switchableStore(first: Store, watchCalls: WatchCalls = () => {}): SwitchableStore {
  let current = first;
  const former: Store[] = [];
  let waiting: (() => void)[] | undefined;
  let underWay = 0;
  let onQuiet: (() => void) | undefined;

  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    underWay += 1;
    try {
      return await work();
    } finally {
      underWay -= 1;
      if (underWay === 0) onQuiet?.();
    }
  };
  const write = <T>(work: () => Promise<T>): Promise<T> => {
    if (waiting === undefined) return run(work);
    if (waiting.length >= waitingWrites) {
      return Promise.reject(new StorageError("too many writes are waiting", "none"));
    }
    const queue = waiting;
    return new Promise<T>((resolve, reject) => {
      queue.push(() => void run(work).then(resolve, reject));
    });
  };

  const { promise: lost, resolve: markLost } = Promise.withResolvers<string>();
  const watch = (store: Store): void => {
    void store.lost.then((reason) => {
      if (store === current) markLost(reason);
    });
  };
  watch(first);

  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    await current.close();
    for (const store of former) await store.close();
  };

  return {
    log: delegate(effects.log, () => current.log, write, watchCalls),
    directory: delegate(effects.directory, () => current.directory, write, watchCalls),
    files: delegate(effects.files, () => current.files, write, watchCalls),
    outbox: delegate(effects.outbox, () => current.outbox, write, watchCalls),
    rates: delegate(effects.rates, () => current.rates, write, watchCalls),
    webhooks: delegate(effects.webhooks, () => current.webhooks, write, watchCalls),
    get fleet() {
      return current.fleet;
    },
    get presence() {
      return current.presence;
    },
    get installId() {
      return current.installId;
    },
    get checked() {
      return current.checked;
    },
    get weaknesses() {
      return current.weaknesses;
    },
    lost,
    status: (): StoreStatus => current.status(),
    batches: () => {
      const counts = [...former, current].map((store) => store.batches?.() ?? noBatches);
      return {
        transactions: counts.reduce((sum, { transactions }) => sum + transactions, 0),
        writes: counts.reduce((sum, { writes }) => sum + writes, 0),
      };
    },
    hold: async () => {
      waiting ??= [];
      if (underWay > 0) {
        await new Promise<void>((resolve) => {
          onQuiet = resolve;
        });
      }
      onQuiet = undefined;
    },
    letGo: () => {
      const writes = waiting ?? [];
      waiting = undefined;
      // Nobody waits for quiet any more.
      onQuiet?.();
      for (const begin of writes) begin();
    },
    exchange: (next) => {
      former.push(current);
      current = next;
      watch(next);
    },
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
}

const noBatches = { transactions: 0, writes: 0 };

/** An object whose methods are those that `current` has at the moment of the call; not every engine has every method. */
function delegate<T extends object>(
  methods: { readonly [M in keyof T]-?: Effect },
  current: () => T,
  write: <R>(work: () => Promise<R>) => Promise<R>,
  watchCalls: WatchCalls,
): T {
  type Method = (...args: readonly unknown[]) => Promise<unknown>;
  const made = {};
  for (const [key, effect] of Object.entries<Effect>(methods)) {
    const name = key as keyof T;
    const call: Method = (...args) => {
      const beganAt = performance.now();
      const answer = (current()[name] as Method).apply(current(), [...args]);
      answer.then(
        () => watchCalls(key, performance.now() - beganAt),
        (error: unknown) => watchCalls(key, performance.now() - beganAt, error),
      );
      return answer;
    };
    const method: Method = (...args) =>
      // Opening a room writes only where it says how to make one.
      effect === "read" || (key === "open" && args[1] === undefined)
        ? call(...args)
        : write(() => call(...args));
    Object.defineProperty(made, key, {
      enumerable: true,
      get: () => (current()[name] === undefined ? undefined : method),
    });
  }
  return made as T;
}

/**
 * A store that can be exchanged for another while everybody goes on using it. `log`, `directory` and `files` stay the same
 * objects for whoever was given them; what they are asked goes to the store that is current at that moment.
 */
import { type Directory, type FileIndex, type RoomLog, StorageError } from "@parlance/core";
import type { Store, StoreStatus } from "../store.ts";

/** What a method does to the store, where need be by its arguments. */
type Effect = "read" | "write" | ((...args: readonly unknown[]) => "read" | "write");

/* Complete by their types: a method that is added to a port must be named here. */
const directoryMethods: Readonly<Record<keyof Directory, Effect>> = {
  user: "read",
  users: "read",
  userByNumber: "read",
  userByUsername: "read",
  accountByLogin: "read",
  createUser: "write",
  upsertExternal: "write",
  setPassword: "write",
  setDisabled: "write",
  setStatus: "write",
  createSession: "write",
  session: "read",
  revokeSession: "write",
  useTokenOnce: "write",
  createKey: "write",
  key: "read",
  listKeys: "read",
  revokeKey: "write",
  member: "read",
  members: "read",
  roomsOf: "read",
  roomOf: "read",
  discoverable: "read",
  markRead: "write",
  places: "read",
  savePlaces: "write",
};
const logMethods: Readonly<Record<keyof RoomLog, Effect>> = {
  append: "write",
  open: (_room, createAs) => (createAs === undefined ? "read" : "write"),
  read: "read",
  heads: "read",
  proof: "read",
  findMessage: "read",
  messages: "read",
  messageStats: "read",
  control: "read",
  controlHead: "read",
  renewEpochs: "write",
};
const filesMethods: Readonly<Record<keyof FileIndex, Effect>> = {
  begin: "write",
  file: "read",
  files: "read",
  usedBytes: "read",
  expire: "write",
  forget: "write",
};

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

/** Makes a store exchangeable. */
export function switchableStore(first: Store): SwitchableStore {
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
    log: delegate(logMethods, () => current.log, write),
    directory: delegate(directoryMethods, () => current.directory, write),
    files: delegate(filesMethods, () => current.files, write),
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

/** An object whose methods are those that `current` has at the moment of the call. */
function delegate<T extends object>(
  methods: Readonly<Record<keyof T, Effect>>,
  current: () => T,
  write: <R>(work: () => Promise<R>) => Promise<R>,
): T {
  type Method = (...args: readonly unknown[]) => Promise<unknown>;
  const call = (name: keyof T, args: readonly unknown[]): Promise<unknown> => {
    const port = current();
    // Not every engine has every method.
    const method = port[name] as Method | undefined;
    return method === undefined ? Promise.resolve() : method.apply(port, [...args]);
  };
  const made = Object.entries<Effect>(methods).map(([key, effect]) => {
    const name = key as keyof T;
    const method: Method = (...args) => {
      const does = typeof effect === "function" ? effect(...args) : effect;
      return does === "read" ? call(name, args) : write(() => call(name, args));
    };
    return [name, method];
  });
  return Object.fromEntries(made) as T;
}

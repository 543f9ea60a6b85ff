import {
  describeDirectory,
  describeFileIndex,
  describeFileStore,
  describeRoomLog,
  type StoreHarness,
} from "../contracts/index.ts";
import { createMemoryFileStore, createMemoryStore } from "./index.ts";

async function start(): Promise<StoreHarness> {
  let state = 1;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const now = (): number => performance.now();
  let store = createMemoryStore({ random, now });
  return {
    get log() {
      return store.log;
    },
    get directory() {
      return store.directory;
    },
    get files() {
      return store.files;
    },
    clear: async () => {
      store = createMemoryStore({ random, now });
    },
    // What is kept in memory has nothing to be read back from: a restart keeps it by keeping the object.
    reopen: async () => {},
    close: async () => {},
  };
}

describeRoomLog("memory", start);
describeDirectory("memory", start);
describeFileIndex("memory", start);
describeFileStore("memory", async () => ({
  store: createMemoryFileStore(4_000),
  close: async () => {},
}));

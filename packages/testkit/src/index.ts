export { createMemoryStore, type MemoryStoreOptions } from "./memory/index.ts";

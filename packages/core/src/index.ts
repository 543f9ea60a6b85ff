export type * from "./ports/index.ts";
export * from "./storage-error.ts";

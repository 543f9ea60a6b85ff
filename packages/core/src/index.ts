export * from "./authorize.ts";
export * from "./chain.ts";
export { harmlessFileName, harmlessMediaType } from "./file-name.ts";
export type * from "./gate.ts";
export { kindByName } from "./kinds.ts";
export { createNode, defaultSettings } from "./node.ts";
export type * from "./ports/index.ts";
export * from "./storage-error.ts";

/** The protocol's documents, made from its schemas. A door of its own, so that nobody loads them by chance. */
export { asyncApiDocument } from "./asyncapi.ts";
export { closeAdvice, errorTableMarkdown } from "./error-table.ts";
export type { FrameSchemas } from "./json-schema.ts";
export { commandTypes, frameSchemas, nativeJsonSchema } from "./json-schema.ts";
export type { JsonObject } from "./json-value.ts";
export { pinnedSchema } from "./schema-hash.ts";

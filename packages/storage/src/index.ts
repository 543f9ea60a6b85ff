export { type Mark, SetAsideError } from "./sql/marks.ts";
export { NewerSchemaError } from "./sql/newer-schema-error.ts";
export type { BatchCounts, Store, StoreStatus } from "./store.ts";

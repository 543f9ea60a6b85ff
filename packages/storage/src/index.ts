export { type Mark, SetAsideError } from "./sql/marks.ts";
export { NewerSchemaError } from "./sql/newer-schema-error.ts";
export type { Store, StoreStatus } from "./store.ts";

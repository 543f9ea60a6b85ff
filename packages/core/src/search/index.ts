export * from "./clauses.ts";
export * from "./terms.ts";

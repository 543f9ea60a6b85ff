export type * from "./accounts.ts";
export type * from "./authenticator.ts";
export type * from "./broker.ts";
export type * from "./clock.ts";
export type * from "./directory.ts";
export type * from "./ids.ts";
export type * from "./room-log.ts";
export type * from "./wire.ts";

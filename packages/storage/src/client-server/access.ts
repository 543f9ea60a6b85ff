import type { Session } from "./session.ts";

/** How a store's reads reach the database. */
export interface Reads {
  /** Statements by themselves. */
  each<T>(read: (session: Session) => Promise<T>): Promise<T>;
  /** As `each`, for pages, which may take long: never on all connections, so that looking up whether somebody may send finds one. */
  page<T>(read: (session: Session) => Promise<T>): Promise<T>;
  /** A page whose statements see one state of everything. */
  snapshot<T>(read: (session: Session) => Promise<T>): Promise<T>;
}

/** A transaction of its own. */
export type Write = <T>(work: (session: Session) => Promise<T>) => Promise<T>;

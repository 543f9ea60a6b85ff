/** What a store's owner and those who reach it by a socket say to each other. */
import type { Directory, FileIndex, RoomLog } from "@parlance/core";
import type { StoreStatus } from "../store.ts";

/** The ports that a store consists of. */
export interface Ports {
  readonly log: RoomLog;
  readonly directory: Directory;
  readonly files: FileIndex;
}
export type PortName = keyof Ports;

/** `write`: may have happened although no answer came. */
type Effects = {
  readonly [P in PortName]: { readonly [M in keyof Ports[P]]: "read" | "write" };
};

/**
 * Every method that can be called, and nothing else can: the compiler asks for a line when a port gets a method. Both ends
 * are one program, so a method travels as its place in this table.
 */
export const effects: Effects = {
  log: {
    append: "write",
    open: "write",
    read: "read",
    heads: "read",
    proof: "read",
    findMessage: "read",
    messages: "read",
    messageStats: "read",
    control: "read",
    controlHead: "read",
  },
  directory: {
    user: "read",
    users: "read",
    userByNumber: "read",
    userByUsername: "read",
    accountByLogin: "read",
    createUser: "write",
    upsertExternal: "write",
    setPassword: "write",
    setDisabled: "write",
    setStatus: "write",
    createSession: "write",
    session: "read",
    revokeSession: "write",
    useTokenOnce: "write",
    createKey: "write",
    key: "read",
    listKeys: "read",
    revokeKey: "write",
    member: "read",
    members: "read",
    roomsOf: "read",
    roomOf: "read",
    discoverable: "read",
    markRead: "write",
    places: "read",
    savePlaces: "write",
  },
  files: {
    begin: "write",
    file: "read",
    files: "read",
    usedBytes: "read",
    expire: "write",
    forget: "write",
  },
};

/** One method of one port. */
export interface Method {
  readonly port: PortName;
  readonly name: string;
  readonly effect: "read" | "write";
}

/** By the number under which each travels. */
export const methods: readonly Method[] = (Object.keys(effects) as PortName[]).flatMap((port) =>
  Object.entries(effects[port]).map(([name, effect]) => ({ port, name, effect })),
);

/** Number of the call, number of the method, arguments. Arrays, since thousands of them travel a second. */
export type Request = readonly [id: number, method: number, args: readonly unknown[]];

/** What came of a call: its value, or a `StorageError`. */
export type Answer =
  | readonly [id: number, value: unknown]
  | readonly [id: number, failure: undefined, message: string, effect: "none" | "unknown"];

/** From the owner. A frame of the other direction is a list of requests. */
export type OwnerFrame =
  /** The first words on every connection. */
  | {
      readonly type: "hello";
      readonly installId: string;
      readonly weaknesses: readonly string[];
      readonly status: StoreStatus;
    }
  /** The check after a stop that was not clean is over. */
  | { readonly type: "checked"; readonly status: StoreStatus }
  | { readonly type: "answers"; readonly answers: readonly Answer[] };

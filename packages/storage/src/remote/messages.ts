/** What a store's owner and those who reach it by a socket say to each other. */
import { effects, type PortName } from "../ports.ts";
import type { StoreStatus } from "../store.ts";

/** One method of one port. */
export interface Method {
  readonly port: PortName;
  readonly name: string;
  readonly effect: "read" | "write";
}

/** By the number under which each travels; nothing else can be called. Both ends are one program. */
export const methods: readonly Method[] = (Object.keys(effects) as PortName[]).flatMap((port) =>
  Object.entries(effects[port])
    // The owner has the data to itself: nobody can take anything back from it.
    .filter(([name]) => name !== "renewEpochs")
    .map(([name, effect]) => ({ port, name, effect })),
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

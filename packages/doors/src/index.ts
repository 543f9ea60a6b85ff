/** Ways in for back ends beside HTTP: each reads publications from somewhere and hands them to one doorway. */
export type { Door, DoorStatus, Lease } from "./door.ts";
export { createDoorway, type Doorway, type DoorwayOptions, type Verdict } from "./doorway.ts";
export { createLease } from "./lease.ts";
export { LeaseKeeper } from "./lease-keeper.ts";
export { type ForeignReader, maxPublicationBytes, readBytes } from "./read.ts";

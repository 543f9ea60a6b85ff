import { brokerFaults } from "./broker.ts";
import { clientFaults } from "./clients.ts";
import { databaseFaults } from "./database.ts";
import type { FaultKind } from "./kinds.ts";
import { nodeFaults } from "./nodes.ts";

export { applies, type FaultKind } from "./kinds.ts";

/** All rows of the matrix that a cluster of processes can have. */
export const faultKinds: readonly FaultKind[] = [
  ...nodeFaults,
  ...brokerFaults,
  ...databaseFaults,
  ...clientFaults,
];

/** `F-B3 silent both`. */
export function labelOf({ id, name }: FaultKind): string {
  return `${id} ${name}`;
}

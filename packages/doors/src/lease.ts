import type { Directory } from "@parlance/core";
import type { Lease } from "./door.ts";

/**
 * A lease in the nodes' database.
 *
 * @param name Of what only one node at a time may do: `door:spool`.
 * @param holder One for each start of a node: what comes after a crash is another one.
 */
export function createLease(
  directory: Pick<Directory, "takeLease" | "giveBackLease">,
  name: string,
  holder: string,
  lifeMs = 10_000,
): Lease {
  return {
    lifeMs,
    take: () => directory.takeLease(name, holder, lifeMs),
    giveBack: async () => {
      try {
        await directory.giveBackLease(name, holder);
      } catch {
        // Then it is over by itself.
      }
    },
  };
}

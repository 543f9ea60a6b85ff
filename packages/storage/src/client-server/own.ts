import type { Directory } from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import { type OwnReadName, type OwnWriteName, ownReads, ownWrites } from "../sql/own.ts";
import type { Steps } from "../sql/statements.ts";
import type { Reads } from "./access.ts";
import type { Batch } from "./batch.ts";
import type { Lanes } from "./lanes.ts";
import { perform } from "./steps.ts";

type Work = Record<string, (...args: unknown[]) => Steps<unknown>>;

/** What belongs to single people. Writes take their turn among the appends of their room, whose row is locked. */
export function createOwn(
  lanes: Lanes<Batch>,
  reads: Reads,
): Pick<Directory, OwnReadName | OwnWriteName> {
  const reading = Object.entries(ownReads as unknown as Work).map(([name, steps]) => [
    name,
    (...args: unknown[]) => reads.page((session) => perform(session, steps(...args))),
  ]);
  const writing = Object.entries(ownWrites as unknown as Work).map(([name, steps]) => [
    name,
    (room: RoomId, ...args: unknown[]) =>
      lanes.call(room, undefined, async (batch) => {
        await batch.flush();
        return perform(batch.session, steps(room, ...args));
      }),
  ]);
  return Object.fromEntries([...reading, ...writing]) as Pick<
    Directory,
    OwnReadName | OwnWriteName
  >;
}

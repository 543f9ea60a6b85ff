import type { Directory } from "@parlance/core";
import { type OwnReadName, type OwnWriteName, ownReads, ownWrites } from "../sql/own.ts";
import type { Readers } from "./readers.ts";
import type { Writer } from "./writer.ts";

/** What belongs to single people: reads in the readers' threads, writes in the writer's. */
export function createOwn(
  writer: Writer,
  readers: Readers,
): Pick<Directory, OwnReadName | OwnWriteName> {
  const reads = Object.keys(ownReads).map((name) => [
    name,
    (...args: unknown[]) => readers.call(name as OwnReadName, ...(args as never)),
  ]);
  const writes = Object.keys(ownWrites).map((name) => [
    name,
    (...args: unknown[]) => writer.call(name as OwnWriteName, ...(args as never)),
  ]);
  return Object.fromEntries([...reads, ...writes]) as Pick<Directory, OwnReadName | OwnWriteName>;
}

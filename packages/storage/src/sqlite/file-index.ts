import type { FileIndex } from "@parlance/core";
import type { Readers } from "./readers.ts";
import type { Writer } from "./writer.ts";

export function createFileIndex(writer: Writer, readers: Readers): FileIndex {
  return {
    begin: (file, bounds) => writer.call("beginFile", file, bounds),
    file: (file) => readers.call("file", file),
    files: (room, before, limit) => readers.call("files", room, before, limit),
    usedBytes: (owner) => readers.call("usedBytes", owner),
    expire: (before) => writer.call("expireFiles", before),
    forget: (file) => writer.call("forgetFile", file),
  } satisfies FileIndex;
}

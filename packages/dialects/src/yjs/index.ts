import type { Dialect } from "@parlance/core";
import { closeCode, encodeEvent } from "./encode.ts";
import { YjsTranslator } from "./translator.ts";

/** The wire of `y-websocket`'s providers: one connection for each document, as `docs/protocol/yjs.md` has it. */
export function createYjs(): Dialect {
  return {
    name: "yjs",
    isBinary: true,
    readsHandshake: true,
    begin: () => new YjsTranslator(),
    encodeEvent,
    closeCode,
  };
}

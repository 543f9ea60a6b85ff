import type { Dialect } from "@parlance/core";
import { createDecoder } from "./decode.ts";
import { type ChatloggerOptions, createEncoder } from "./encode.ts";

export type { ChatloggerOptions } from "./encode.ts";

/** The ChatLogger dialect: one public room, frames without a type. `docs/protocol/chatlogger.md`. */
export function createChatlogger(options: ChatloggerOptions): Dialect {
  return {
    name: "chatlogger",
    readsHandshake: true,
    begin: createDecoder(options),
    encodeEvent: createEncoder(options),
  };
}

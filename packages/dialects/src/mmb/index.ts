import type { Dialect } from "@parlance/core";
import { createDecoder } from "./decode.ts";
import { createEncoder } from "./encode.ts";
import type { MmbOptions } from "./options.ts";

export { type BroadcastDoors, broadcast } from "./broadcast.ts";
export type { MmbOptions } from "./options.ts";

/** The MMB dialect: rooms, chat, notifications, cursors and edits. `docs/protocol/mmb.md`. */
export function createMmb(options: MmbOptions): Dialect {
  return {
    name: "mmb",
    readsHandshake: true,
    begin: createDecoder(options),
    encodeEvent: createEncoder(options),
  };
}

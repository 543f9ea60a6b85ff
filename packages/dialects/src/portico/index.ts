import type { Dialect } from "@parlance/core";
import { createDecoder } from "./decode.ts";
import { createEncoder } from "./encode.ts";
import type { PorticoOptions } from "./options.ts";

export type { PorticoOptions } from "./options.ts";

/** The PorticoEstate dialect: notifications and one chat for everybody connected. `docs/protocol/portico.md`. */
export function createPortico(options: PorticoOptions): Dialect {
  return {
    name: "portico",
    readsHandshake: true,
    begin: createDecoder(options),
    encodeEvent: createEncoder(options),
  };
}

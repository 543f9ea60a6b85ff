import type { Dialect } from "@parlance/core";
import { createDecoder } from "./decode.ts";
import { encodeEvent } from "./encode.ts";

export * from "./rest.ts";

/** The Symfony chat dialect: rooms with people in them. `docs/protocol/symfony-chat.md`. */
export function createSymfonyChat(): Dialect {
  return { name: "symfony-chat", readsHandshake: true, begin: createDecoder(), encodeEvent };
}

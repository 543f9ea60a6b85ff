import type { Dialect } from "@parlance/core";
import { decode } from "./decode.ts";
import { encodeError, encodeEvent, encodeReply } from "./encode.ts";

/** The native dialect, version 1: one JSON object in each text frame, as `docs/protocol/native.md` has it. */
export const nativeDialect: Dialect = {
  name: "native",
  decode,
  encodeEvent,
  encodeReply,
  encodeError,
};

import type { StreamDialect } from "@parlance/core";
import { oneRoom, severalRooms } from "./encode.ts";
import { takesPath } from "./handshake.ts";
import { beginStream } from "./stream.ts";

/** Server-sent events of one room or several, as `docs/protocol/sse.md` has it. */
export const sseDialect: StreamDialect = {
  name: "sse",
  contentType: "text/event-stream; charset=utf-8",
  heartbeat: ": \n\n",
  dialects: [oneRoom, severalRooms],
  takes: takesPath,
  begin: beginStream,
};

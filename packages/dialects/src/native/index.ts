import type { Dialect, Translator } from "@parlance/core";
import { decode } from "./decode.ts";
import { encodeError, encodeEvent, encodeReply } from "./encode.ts";

/** Without a state: a frame is a command with an id, and the answer carries the id. */
function translatorFor(methods: ReadonlySet<string>): Translator {
  return {
    received(frame, doing) {
      const decoded = decode(frame, methods);
      if (decoded.ok) {
        doing.run(decoded.command);
        return;
      }
      doing.send(encodeError(decoded.id, decoded.error));
      doing.badFrame();
    },
    replied(task, reply, doing) {
      if ("id" in task) doing.send(encodeReply(task.id, reply));
    },
    refused(task, error, doing) {
      doing.send(encodeError("id" in task ? task.id : undefined, error));
    },
  };
}

/**
 * The native dialect, version 1: one JSON object in each text frame, as `docs/protocol/native.md` has it.
 *
 * @param methods Questions to the application that are frames of their own, by their `type` (RPC-4).
 */
export function createNative(methods: ReadonlySet<string>): Dialect {
  const translator = translatorFor(methods);
  return { name: "native", begin: () => translator, encodeEvent, encodeOwn: encodeEvent };
}

/** Without frames of plug-ins. */
export const nativeDialect: Dialect = createNative(new Set());

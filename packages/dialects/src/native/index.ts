import type { Dialect, Translator } from "@parlance/core";
import { decode } from "./decode.ts";
import { encodeError, encodeEvent, encodeReply } from "./encode.ts";

/** Without a state: a frame is a command with an id, and the answer carries the id. */
const translator: Translator = {
  received(frame, doing) {
    const decoded = decode(frame);
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

/** The native dialect, version 1: one JSON object in each text frame, as `docs/protocol/native.md` has it. */
export const nativeDialect: Dialect = { name: "native", begin: () => translator, encodeEvent };

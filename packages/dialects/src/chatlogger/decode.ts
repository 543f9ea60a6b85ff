import type { Doing, Translator } from "@parlance/core";
import { fields, limits, ProtocolError } from "@parlance/protocol";
import { type Members, member, noId } from "../json/frame.ts";
import { answerRefusal, receiveFrame } from "../json/translator.ts";
import type { ChatloggerOptions } from "./encode.ts";

/** What goes by no name (CL-06). */
const nameless = "Anonymous";

/**
 * A page says nothing about who it is: on connection it comes in as whoever its handshake shows, or as nobody, and
 * gets the room with its last messages. A frame is `{username, message}`.
 */
export function createDecoder({ room, history }: ChatloggerOptions): () => Translator {
  const subscribe = { type: "subscribe", id: noId, room, last: history } as const;

  function say(frame: Members, doing: Doing): void {
    doing.run({
      type: "publish_as",
      name: nameIn(frame),
      publish: {
        type: "publish",
        id: noId,
        room,
        client_message_id: doing.newMessageId(),
        text: textIn(frame),
      },
    });
  }

  const translator: Translator = {
    opened: (doing) => doing.enter({ type: "enter", anonymous: true }),
    entered: (_, doing) => doing.run(subscribe),
    received: (frame, doing) => receiveFrame(frame, doing, () => say),
    // Nothing: the writer reads its message like everybody else.
    replied: () => {},
    refused: answerRefusal,
    noticed(notice, doing) {
      if (notice.type === "reset") doing.run({ ...subscribe, last: 0 });
    },
  };
  return () => translator;
}

/** @throws ProtocolError `bad_request` for what is no name. */
function nameIn(frame: Members): string {
  const given = member(frame, "username") ?? nameless;
  if (given === "") return nameless;
  const name = typeof given === "string" ? fields.displayName.safeParse(given.trim()) : undefined;
  if (name?.success !== true) throw new ProtocolError("bad_request", { field: "username" });
  return name.data;
}

/** Unlike elsewhere nothing at all may be said: a frame without a message is one (CL-06). @throws ProtocolError */
function textIn(frame: Members): string {
  const given = member(frame, "message") ?? "";
  if (typeof given !== "string" || !fields.isStorable(given)) {
    throw new ProtocolError("bad_request", { field: "message" });
  }
  if (given.length > limits.textLength) {
    throw new ProtocolError("too_large", { field: "message", limit: limits.textLength });
  }
  return given;
}

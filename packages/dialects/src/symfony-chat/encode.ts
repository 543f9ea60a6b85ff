import type { Dialect } from "@parlance/core";
import type { MessageView } from "@parlance/protocol";
import { wireId } from "../json/frame.ts";

/** `chat_message` for everybody in the room, the sender included. People come and go in `decode.ts`. */
export const encodeEvent: Dialect["encodeEvent"] = (event) => {
  if (event.type !== "message.created" || "erased" in event) return undefined;
  const { text, author_name, author_number } = event.data;
  return JSON.stringify({
    type: "chat_message",
    id: event.id,
    content: text,
    userId: wireId(event.author, author_number),
    username: author_name,
    roomId: event.room,
    timestamp: event.time,
  });
};

/** A message of `recent_messages`: as `chat_message`, with the text as it is now. */
export function recentMessage(message: MessageView): object {
  return {
    id: message.id,
    content: message.text,
    userId: wireId(message.author, message.author_number),
    username: message.author_name,
    roomId: message.room,
    timestamp: message.time,
  };
}

import type { Dialect } from "@parlance/core";
import type { MessageView } from "@parlance/protocol";
import { wireId } from "../json/frame.ts";
import { wholeMessage } from "../json/whole-message.ts";

/** `chat_message` for everybody in the room, the sender included. People come and go in `decode.ts`. */
export const encodeEvent: Dialect["encodeEvent"] = (told) => {
  const event = wholeMessage(told);
  if (event === undefined) return undefined;
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

/** Whether a message is there for this chat: one that grows comes when it is whole. */
export function isThere(message: MessageView): boolean {
  return message.deleted !== true && message.open !== true;
}

/** Those that are there, in the order in which they came to whoever was there. */
export function inOrder(messages: readonly MessageView[]): readonly MessageView[] {
  const place = ({ sequence, closed_sequence: closed }: MessageView): number => closed ?? sequence;
  return messages.filter(isThere).sort((left, right) => place(left) - place(right));
}

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

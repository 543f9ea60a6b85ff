import type { Dialect } from "@parlance/core";
import type { DurablePayloads, UserId } from "@parlance/protocol";
import { wireId } from "../json/frame.ts";
import { wholeMessage } from "../json/whole-message.ts";
import type { PorticoOptions } from "./options.ts";

/**
 * `notification {message, data, timestamp}` and `chat {message, userId, timestamp}` (PE-08). What a sender put beside
 * the message travels with it.
 */
export function createEncoder({
  chatRoom,
  notificationRoom,
}: PorticoOptions): Dialect["encodeEvent"] {
  return (told) => {
    const event = wholeMessage(told);
    if (event === undefined) return undefined;
    const { text, data = {} } = event.data;
    if (event.room === notificationRoom) {
      const { data: inner = [], ...beside } = data;
      const frame = { type: "notification", message: text, data: inner, timestamp: event.time };
      return JSON.stringify({ ...beside, ...frame });
    }
    if (event.room !== chatRoom) return undefined;
    const userId = authorId(event.author, event.data);
    const frame = { type: "chat", message: text, userId, timestamp: event.time };
    return JSON.stringify({ ...data, ...frame });
  };
}

function authorId(author: UserId, payload: DurablePayloads["message.created"]): string | number {
  return wireId(author, payload.author_number);
}

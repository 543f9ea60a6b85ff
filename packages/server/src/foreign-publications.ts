/** What back ends of other systems put at a door, as publications (`ForeignReader` of `doors`). */
import type { ForeignReader } from "@parlance/doors";

type Members = Readonly<Record<string, unknown>>;

/** MMB's `{type: "message", room, message}` (MMB-15): the message is a text, or an object as its pages get it. */
export function readMmb(value: Members): Members | undefined {
  const { type, room, message } = value;
  if (type !== "message" || room === undefined || message === undefined) return undefined;
  return { room, ...contentOf(message), ...keyOf(value) };
}

/**
 * PorticoEstate's `{type: "notification", message, data, timestamp}` (PE-13), for everybody who is connected: what is
 * beside the message travels with it, as in its own frames.
 *
 * @param room Where its pages listen.
 */
export function readPortico(room: string): ForeignReader {
  return (value) => {
    if (value["type"] !== "notification" || typeof value["message"] !== "string") return undefined;
    if (["room", "rooms", "user", "users", "everyone", "text"].some((name) => name in value)) {
      return undefined;
    }
    const { type: _type, message, timestamp: _time, idempotency_key: _key, ...beside } = value;
    const data = Object.keys(beside).length === 0 ? {} : { data: beside };
    return { room, text: message, ...data, ...keyOf(value) };
  };
}

/**
 * What Symfony's Messenger sends with its JSON serializer for a message of the Symfony chat: `{content, roomId, userId}` in either
 * spelling (SC-11). Whoever can put it there could name anybody, so whose it is goes beside it, and readers see the service.
 */
export function readSymfony(value: Members): Members | undefined {
  const { content } = value;
  const room = value["roomId"] ?? value["room_id"];
  const user = value["userId"] ?? value["sender_id"];
  if (typeof content !== "string" || (typeof room !== "string" && typeof room !== "number")) {
    return undefined;
  }
  const data = user === undefined ? {} : { data: { user_id: user } };
  return { room: String(room), text: content, ...data, ...keyOf(value) };
}

function contentOf(message: unknown): Members {
  return typeof message === "string" ? { text: message } : { data: message };
}

function keyOf({ idempotency_key: key }: Members): Members {
  return key === undefined ? {} : { idempotency_key: key };
}

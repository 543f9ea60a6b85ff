import type { Dialect } from "@parlance/core";
import { isMembers, wireId } from "../json/frame.ts";
import { wholeMessage } from "../json/whole-message.ts";
import type { MmbOptions } from "./options.ts";

/**
 * Frames for readers (MMB-04): `message`, `edit`, `cursor`, `typing` and `read`, with the sender's id as its application gave it. Who
 * comes and goes is told to each reader by itself, in `decode.ts`.
 */
export function createEncoder({ escapesHtml }: MmbOptions): Dialect["encodeEvent"] {
  const shown = escapesHtml ? escapeAll : (value: unknown): unknown => value;
  return (event) => {
    if ("erased" in event) return undefined;
    switch (event.type) {
      case "message.created":
      case "message.closed": {
        const message = wholeMessage(event);
        if (message === undefined) return undefined;
        const { author, data, time } = message;
        return JSON.stringify({
          type: "message",
          user_id: wireId(author, data.author_number),
          message: shown(data.data ?? data.text),
          timestamp: Math.floor(Date.parse(time) / 1_000),
        });
      }
      case "document.edited": {
        const user = JSON.stringify(wireId(event.author, event.data.author_number));
        // Spliced as it came, so that what others get is the same text byte for byte.
        return `{"type":"edit","user_id":${user},"changes":${event.data.changes}}`;
      }
      case "cursor":
        return JSON.stringify({
          type: "cursor",
          user_id: wireId(event.user, event.number),
          position: event.position,
        });
      case "typing":
        // Its clients know no threads: it would stand for the room.
        if (event.thread !== undefined) return undefined;
        return JSON.stringify({
          type: "typing",
          room: event.room,
          user_id: wireId(event.user, event.number),
          active: event.active,
        });
      case "read":
        return JSON.stringify({
          type: "read",
          room: event.room,
          user_id: wireId(event.user, event.number),
        });
      default:
        return undefined;
    }
  };
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#039;",
};

/** All texts of a JSON value, as `htmlspecialchars` would write them. */
function escapeAll(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/[&<>"']/g, (sign) => escapes[sign] ?? sign);
  if (Array.isArray(value)) return value.map(escapeAll);
  if (!isMembers(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, escapeAll(inner)]));
}

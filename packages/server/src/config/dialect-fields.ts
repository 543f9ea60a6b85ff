/** The settings of the dialects and of files. */
import { z } from "zod";
import type { Fields } from "./fields.ts";
import { pusherWebhookEvents } from "./types.ts";
import { address, integer, list, roomName, timeZone, yesOrNo } from "./values.ts";

const hourMs = 3_600_000;
const mebibyte = 1_048_576;

/** It is a part of addresses. */
const pusherName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, "letters, digits, `_` and `-`, at most 64")
  .exactOptional();

/** What the frames and pages of the four JSON dialects depend on. */
export const dialectFields: Fields = {
  time_zone: timeZone
    .default("UTC")
    .describe("Time zone of times that a dialect writes without one, by its IANA name."),
  chatlogger_room: roomName
    .default("chatlogger")
    .describe("The one room of the ChatLogger dialect."),
  chatlogger_history: integer(0, 200)
    .default(50)
    .describe("Messages that a ChatLogger page gets when it connects."),
  mmb_chat: yesOrNo.default(true).describe("`message` in the chat rooms of the MMB dialect."),
  mmb_collaboration: yesOrNo.default(true).describe("`edit` and `cursor` of the MMB dialect."),
  mmb_notifications: yesOrNo
    .default(true)
    .describe("The rooms `notifications_*` and `ocr_job_*` of the MMB dialect."),
  mmb_escape_html: yesOrNo
    .default(false)
    .describe("Escape HTML in texts of the MMB dialect, for pages that put them into `innerHTML`."),
  mmb_public_url: address(/^wss?:$/, "wss://chat.example/ws")
    .exactOptional()
    .describe("Address that the served MMB script connects to."),
  mmb_token_expiry_s: integer(1, 31_536_000)
    .default(3_600)
    .describe("Life of an MMB token that is made without one, in seconds."),
  mmb_auto_reconnect: yesOrNo
    .default(true)
    .describe("Whether the served MMB script comes back by itself."),
  mmb_reconnect_delay_ms: integer(100, hourMs)
    .default(3_000)
    .describe("How long the served MMB script waits before it first comes back."),
  mmb_ping_interval_ms: integer(1_000, hourMs)
    .default(30_000)
    .describe("Time between two pings of the served MMB script."),
  portico_chat_room: roomName
    .default("portico_chat")
    .describe("Room of the `chat` frames of the PorticoEstate dialect."),
  portico_notification_room: roomName
    .default("notifications")
    .describe("Room of the `notification` frames of the PorticoEstate dialect."),
  pusher_app_id: pusherName.describe(
    "Pusher's app id: the back end's paths are `/apps/<id>/…`. With key and secret it turns the Pusher dialect on.",
  ),
  pusher_key: pusherName.describe(
    "Pusher's app key: pages connect to `/app/<key>`. It is public. [More](../protocol/pusher.md).",
  ),
  pusher_secret: z
    .string()
    .min(16, "16 characters or more")
    .exactOptional()
    .describe(
      "Pusher's app secret: with it the back end signs who may subscribe what, and what it sends. 16 characters or more.",
    ),
  pusher_webhook_url: address(/^https?:$/, "https://app.example/pusher/webhook")
    .exactOptional()
    .describe("Told what happens in channels, as Pusher tells it."),
  pusher_webhook_events: list(z.enum(pusherWebhookEvents))
    .default(pusherWebhookEvents.filter((name) => name !== "subscription_count"))
    .describe("What it is told. `subscription_count` is not among the presets, as with Pusher."),
  pusher_public_channels: z
    .enum(["auto", "open", "closed"])
    .default("auto")
    .describe(
      "Whether pages that have not said who they are read public channels; `auto`: where guests may come in.",
    ),
  pusher_stored_events: list(
    z.string().regex(/^client-.{1,193}$/, "a name that begins with `client-`"),
  )
    .default([])
    .describe(
      "Client events that are stored as messages of the one who sends them, such as `client-message`.",
    ),
  file_bytes: integer(1, 1024 * 1024 * mebibyte)
    .default(25 * mebibyte)
    .describe("Largest file that may be shared."),
  file_quota_bytes: integer(1, 1024 * 1024 * mebibyte)
    .default(1024 * mebibyte)
    .describe("All files of one user together."),
};

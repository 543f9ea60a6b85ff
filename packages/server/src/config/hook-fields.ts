/** The settings of what the application is asked, over HTTP and in plug-ins. */
import { z } from "zod";
import type { Fields } from "./fields.ts";
import { address, integer, list, yesOrNo } from "./values.ts";

const minuteMs = 60_000;

const secret = z
  .string()
  .min(32, "32 characters or more")
  .exactOptional()
  .describe("Signs what is asked; 32 characters or more. Without it the install's secret does.");

const urlOf = (path: string, meaning: string): z.ZodType =>
  address(/^https?:$/, `https://app.example/realtime/${path}`)
    .exactOptional()
    .describe(meaning);

const timeoutOf = (presetMs: number): z.ZodType =>
  integer(100, minuteMs).default(presetMs).describe("An answer that takes longer counts as none.");

const roomPattern = z
  .string()
  .regex(/^[A-Za-z0-9_:.*-]{1,128}$/, "a room's name, in which `*` stands for anything");

/** `docs/operations/hooks.md` tells what is asked and how to answer. */
export const hookFields: Fields = {
  connect_hook_url: urlOf(
    "connect",
    "Asked who a connection of a JSON dialect is, with the cookies and headers of its handshake.",
  ),
  connect_hook_secret: secret,
  connect_hook_timeout_ms: timeoutOf(2_000),
  connect_hook_fallback: z
    .enum(["refuse", "continue"])
    .default("refuse")
    .describe(
      "Without an answer a connection is refused, or goes on as one that nobody has spoken for.",
    ),
  join_hook_url: urlOf("join", "Asked whether a user may come into a room. [More](hooks.md#join)."),
  join_hook_secret: secret,
  join_hook_timeout_ms: timeoutOf(2_000),
  join_hook_fallback: z
    .enum(["refuse", "allow"])
    .default("refuse")
    .describe("Without an answer nobody comes in, or whoever may by the rules of the room."),
  join_hook_rooms: list(roomPattern)
    .default(["*"])
    .describe("Rooms that are asked about; `*` in a name stands for anything."),
  join_hook_remember_ms: integer(0, 60 * minuteMs)
    .default(minuteMs)
    .describe("How long an answer counts for the same user and room; 0: each time anew."),
  publish_hook_url: urlOf(
    "publish",
    "Asked what becomes of a message before it is stored. [More](hooks.md#publish).",
  ),
  publish_hook_secret: secret,
  publish_hook_timeout_ms: timeoutOf(2_000),
  publish_hook_fallback: z
    .enum(["refuse", "pass"])
    .default("refuse")
    .describe("Without an answer a message is refused for now, or stored as it was sent."),
  publish_hook_rooms: list(roomPattern)
    .default(["*"])
    .describe("Rooms that are asked about; `*` in a name stands for anything."),
  publish_hook_back_ends: yesOrNo
    .default(false)
    .describe("Whether what back ends publish is asked about, too."),
  rpc_hook_url: urlOf("rpc", "Answers questions of clients. [More](hooks.md#rpc)."),
  rpc_hook_secret: secret,
  rpc_hook_timeout_ms: timeoutOf(8_000),
  hooks_at_once: integer(1, 10_000)
    .default(100)
    .describe(
      "Questions of each hook that wait for an answer at a time; others wait for their turn as long as the hook's time lasts.",
    ),
};

import type { RoomId } from "@parlance/protocol";
import { test } from "vitest";
import { frames, fuzz } from "../../test/fuzz.ts";
import { createChatlogger } from "../chatlogger/index.ts";
import { createMmb } from "../mmb/index.ts";
import { createPortico } from "../portico/index.ts";
import { createSymfonyChat } from "../symfony-chat/index.ts";

const room = "general" as RoomId;
const longRunMs = 1_800_000;

test("the chatlogger decoder is total", { timeout: longRunMs }, () => {
  const dialect = createChatlogger({ room, history: 50, timeZone: "Europe/Berlin" });
  fuzz(dialect, frames(["message"], ["username", "message"]));
});

test("the mmb decoder is total", { timeout: longRunMs }, () => {
  const dialect = createMmb({
    chat: true,
    collaboration: true,
    notifications: true,
    escapesHtml: true,
  });
  const types = ["auth", "join", "leave", "message", "cursor", "edit", "ping"];
  fuzz(dialect, frames(types, ["token", "user_id", "room", "message", "position", "changes"]));
});

test("the portico decoder is total", { timeout: longRunMs }, () => {
  const dialect = createPortico({ chatRoom: room, notificationRoom: "notifications" as RoomId });
  const types = ["update_user_info", "chat", "notification", "get_partial_applications", "ping"];
  fuzz(dialect, frames(types, ["userId", "message", "data", "timestamp", "token"]));
});

test("the symfony-chat decoder is total", { timeout: longRunMs }, () => {
  const types = ["auth", "join_room", "chat_message", "get_recent_messages", "ping"];
  const members = ["userId", "roomId", "content", "limit", "token"];
  fuzz(createSymfonyChat(), frames(types, members));
});

/** What may be asked of a connection in which state, and which failures end it. */
import { type ErrorCode, ProtocolError } from "@parlance/protocol";
import type { Task } from "./ports/index.ts";

export type ConnectionState = "opening" | "ready" | "draining" | "closed";

/** What may be asked before it is known whose connection it is. */
const beginsConnection: ReadonlySet<Task["type"]> = new Set(["ping", "sign_in", "enter"]);
/** Codes that end the connection wherever they come from. */
const endsAlways: ReadonlySet<ErrorCode> = new Set(["unsupported_version", "banned"]);
/** Codes that end the connection where they answer a credential. */
const refusesCredential: ReadonlySet<ErrorCode> = new Set([
  "unauthenticated",
  "token_expired",
  "forbidden",
]);

/**
 * What is answered with something that is one's own and may change at any moment: a notice of a change that comes while the answer is
 * being made goes out behind it. Else it would be followed by an answer that is older, and that would stay.
 */
const answersOwn: ReadonlySet<Task["type"]> = new Set([
  "list_rooms",
  "get_room",
  "mark_read",
  "mark_unread",
  "list_thread",
  "list_threads",
  "follow_thread",
  "mark_thread_read",
  "get_preferences",
  "set_preferences",
  "set_room_preferences",
  "list_saved",
  "save_message",
  "list_drafts",
  "save_draft",
  "list_scheduled",
  "schedule_message",
  "cancel_scheduled",
  "get_profile",
  "set_profile",
]);

/** Whether notices of what is one's own wait for a task's answer. */
export function holdsOwn({ type }: Task): boolean {
  return answersOwn.has(type);
}

/** Why a task cannot be done in this state; undefined if it can. */
export function refusalIn(state: ConnectionState, task: Task): ProtocolError | undefined {
  if (state === "draining" && task.type !== "ping") return new ProtocolError("draining");
  if (state === "opening" && !beginsConnection.has(task.type)) {
    return new ProtocolError("unauthenticated");
  }
  return undefined;
}

/** What a task's failure ends its connection with; undefined if it goes on. */
export function endingOf(task: Task, code: ErrorCode): ErrorCode | undefined {
  if (endsAlways.has(code)) return code;
  if (!isCredential(task) || !refusesCredential.has(code)) return undefined;
  return code === "token_expired" ? code : "unauthenticated";
}

function isCredential(task: Task): boolean {
  return task.type === "refresh" || (task.type === "sign_in" && task.token !== undefined);
}

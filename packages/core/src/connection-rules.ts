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

/** What the four JSON dialects share: reading a frame without believing it, and the error frame of all of them. */
import {
  type CommandId,
  fields,
  type Json,
  type JsonObject,
  limits,
  ProtocolError,
  type RoomId,
  type UserId,
} from "@parlance/protocol";

/** A frame is one JSON object: blanks, then its first bracket. */
const beginsAsObject = /^\s*\{/;

/** The members of a JSON object. */
export type Members = Readonly<Record<string, unknown>>;

/** Every command that a translator runs carries it; these wires have no ids of their own. */
export const noId: CommandId = 0;

/** One text frame as an object, or undefined. Total: no string makes it throw. */
export function readObject(frame: string): Members | undefined {
  // Told apart without an exception: a flood of other frames would cost a stack each.
  if (!beginsAsObject.test(frame)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return undefined;
  }
  return isMembers(value) && nestsAtMost(value, limits.jsonDepth) ? value : undefined;
}

/** Whether a value is a JSON object. */
export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Its own recursion ends at `depth`, so a frame of nothing but brackets costs no stack. */
function nestsAtMost(value: object, depth: number): boolean {
  if (depth === 0) return false;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof member === "object" && member !== null && !nestsAtMost(member, depth - 1)) {
      return false;
    }
  }
  return true;
}

/** An own member; undefined for what the prototype has (`__proto__`, `constructor`). */
export function member(frame: Members, name: string): unknown {
  return Object.hasOwn(frame, name) ? frame[name] : undefined;
}

/**
 * The error frame: descriptions have none of their own. `message` is for people; `retry_after` is in whole seconds, as HTTP's
 * `Retry-After` has it.
 */
export function errorFrame(error: ProtocolError): string {
  const { code, text, details } = error.toWire();
  const waitMs = details?.["retry_after_ms"];
  return JSON.stringify({
    type: "error",
    code,
    message: text,
    ...(typeof waitMs === "number" ? { retry_after: Math.ceil(waitMs / 1_000) } : {}),
    ...(details === undefined ? {} : { details }),
  });
}

/** @throws ProtocolError `bad_request` for what is no room's name. */
export function roomOf(value: unknown, field: string): RoomId {
  const parsed = fields.roomId.safeParse(value);
  if (!parsed.success) throw new ProtocolError("bad_request", { field });
  return parsed.data;
}

/**
 * A message's text, as long as it may be.
 *
 * @throws ProtocolError `too_large` above the limit, `bad_request` for what is no text that every engine stores.
 */
export function textOf(value: unknown, field: string): string {
  if (typeof value === "string" && value.length > limits.textLength) {
    throw new ProtocolError("too_large", { field, limit: limits.textLength });
  }
  const parsed = fields.messageText.safeParse(value);
  if (!parsed.success) throw new ProtocolError("bad_request", { field });
  return parsed.data;
}

/** What goes beside a text. @throws ProtocolError `too_large` above 32 KiB, `bad_request` for what is not storable. */
export function dataOf(value: Members, field: string): JsonObject {
  return smallJson(fields.messageData, value, field, limits.dataBytes);
}

/** Where a cursor is. @throws ProtocolError `too_large` above 4 KiB, `bad_request` for what is not storable. */
export function positionOf(value: unknown, field: string): Json {
  if (value === undefined) throw new ProtocolError("bad_request", { field });
  return smallJson(fields.cursorPosition, value, field, limits.positionBytes);
}

/** A change as the text that others get. @throws ProtocolError `too_large` above 64 KiB, `bad_request`. */
export function changesOf(value: unknown, field: string): string {
  if (typeof value !== "object" || value === null) {
    throw new ProtocolError("bad_request", { field });
  }
  return smallJson(fields.documentChanges, JSON.stringify(value), field, limits.changesBytes);
}

function smallJson<T>(
  schema: { safeParse(value: unknown): { success: boolean; data?: T } },
  value: unknown,
  field: string,
  limit: number,
): T {
  const { success, data } = schema.safeParse(value);
  if (success) return data as T;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  throw Buffer.byteLength(text) > limit
    ? new ProtocolError("too_large", { field, limit })
    : new ProtocolError("bad_request", { field });
}

/**
 * An id of a user as a frame claims it: a whole number, or a text. `"1"` and 1 are two different ids.
 *
 * @throws ProtocolError `bad_request`.
 */
export function claimedUser(value: unknown, field: string): string | number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  if (typeof value === "string" && fields.userId.safeParse(value).success) return value;
  throw new ProtocolError("bad_request", { field });
}

/** What a page knows a user by: the number where there is one. It compares with `===`. */
export function wireId(user: UserId, number: number | undefined): string | number {
  return number ?? user;
}

/** What was thrown, if it is an answer; everything else goes on. */
export function asRefusal(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  throw error;
}

/** From the payload of an event to a command that is well formed. */
import {
  type Command,
  commandSchema,
  type ErrorDetails,
  limits,
  ProtocolError,
} from "@parlance/protocol";

/** Members of an event's payload, as they came. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether fields were understood as a command, or why not. */
export type Decoded =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly error: ProtocolError };

/** The payload of an event, if it is one: JSON of any shape, bytes in any place, or nothing may have come. */
export function payloadOf(value: unknown): Fields | ProtocolError {
  if (!isMembers(value)) return new ProtocolError("bad_request", { field: "payload" });
  if (!nestsAtMost(value, limits.jsonDepth)) {
    return new ProtocolError("bad_request", { limit: limits.jsonDepth });
  }
  const { messageType } = value;
  const isType = typeof messageType === "string" && /^[\x21-\x7e]{1,32}$/.test(messageType);
  if (messageType !== undefined && !isType) {
    return new ProtocolError("bad_request", { field: "messageType" });
  }
  return value;
}

/** Checks fields against their command's schema. Total. */
export function decode(wanted: Fields): Decoded {
  const { type, text } = wanted;
  if (typeof text === "string" && text.length > limits.textLength) {
    const details = { field: "text", limit: limits.textLength };
    return { ok: false, error: new ProtocolError("too_large", details) };
  }
  const parsed = commandSchema(String(type))?.safeParse(wanted);
  if (parsed?.success === true) return { ok: true, command: parsed.data };
  return refuse({ field: parsed?.error.issues[0]?.path.map(String).join(".") ?? "event" });
}

function refuse(details: ErrorDetails): Decoded {
  return { ok: false, error: new ProtocolError("bad_request", details) };
}

function isMembers(value: unknown): value is Fields {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof ArrayBuffer)
  );
}

/** Whether objects and arrays are nested at most `depth` deep; bytes count as one value. */
function nestsAtMost(value: object, depth: number): boolean {
  if (depth === 0) return false;
  if (ArrayBuffer.isView(value)) return true;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof member === "object" && member !== null && !nestsAtMost(member, depth - 1)) {
      return false;
    }
  }
  return true;
}

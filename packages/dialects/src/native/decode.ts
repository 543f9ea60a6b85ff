import type { Decoded } from "@parlance/core";
import type { CommandId, ErrorDetails } from "@parlance/protocol";
import { commandSchema, limits, ProtocolError, reservedPublishFields } from "@parlance/protocol";

/** A frame is one JSON object: blanks, then its first bracket. */
const beginsAsObject = /^\s*\{/;

const noMethods: ReadonlySet<string> = new Set();

type Members = Readonly<Record<string, unknown>>;

/**
 * One text frame as a command, or the error to answer with. Total: no string makes it throw.
 *
 * Fields that are not known are ignored, of two members with one name the last counts, and what is checked
 * here is what is used further in.
 *
 * @param methods Types that are the question of that method.
 */
export function decode(frame: string, methods: ReadonlySet<string> = noMethods): Decoded {
  const value = parse(frame);
  if (!isMembers(value)) return refuse(undefined, new ProtocolError("bad_request"));
  const id = readId(value["id"]);
  if (!nestsAtMost(value, limits.jsonDepth)) {
    return refuse(id, new ProtocolError("bad_request", { limit: limits.jsonDepth }));
  }
  const named = value["type"];
  const isMethod = typeof named === "string" && methods.has(named);
  const type = isMethod ? "rpc" : named;
  const schema = typeof type === "string" ? commandSchema(type) : undefined;
  if (schema === undefined) return refuse(id, new ProtocolError("bad_request", { field: "type" }));
  if (type === "publish" || type === "append_text") {
    const error = refusedText(value, type === "publish");
    if (error !== undefined) return refuse(id, error);
  }
  const parsed = schema.safeParse(isMethod ? { ...value, type, method: named } : value);
  if (parsed.success) return { ok: true, command: parsed.data };
  return refuse(id, new ProtocolError("bad_request", fieldOf(parsed.error.issues[0]?.path)));
}

function parse(frame: string): unknown {
  // Told apart without an exception: a flood of other frames would cost a stack each.
  if (!beginsAsObject.test(frame)) return undefined;
  try {
    return JSON.parse(frame);
  } catch {
    return undefined;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The id of a frame that is wrong otherwise. Same bounds as `fields.commandId`. */
function readId(id: unknown): CommandId | undefined {
  if (typeof id === "string") return id.length >= 1 && id.length <= 64 ? id : undefined;
  return typeof id === "number" && Number.isSafeInteger(id) && id >= 0 ? id : undefined;
}

/**
 * Whether objects and arrays are nested at most `depth` deep. Its own recursion ends at that depth, so a
 * frame of nothing but brackets costs no stack. (`JSON.parse` does not recurse either.)
 */
function nestsAtMost(value: object, depth: number): boolean {
  if (depth === 0) return false;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof member === "object" && member !== null && !nestsAtMost(member, depth - 1)) {
      return false;
    }
  }
  return true;
}

/** What a writer may be refused for that is not plain malformation, so that clients can tell it apart. */
function refusedText(frame: Members, isPublish: boolean): ProtocolError | undefined {
  for (const field of reservedPublishFields) {
    if (isPublish && Object.hasOwn(frame, field))
      return new ProtocolError("unsupported", { field });
  }
  const text = frame["text"];
  if (typeof text === "string" && text.length > limits.textLength) {
    return new ProtocolError("too_large", { field: "text", limit: limits.textLength });
  }
  return undefined;
}

function fieldOf(path: readonly PropertyKey[] | undefined): ErrorDetails | undefined {
  return path === undefined || path.length === 0
    ? undefined
    : { field: path.map(String).join(".") };
}

function refuse(id: CommandId | undefined, error: ProtocolError): Decoded {
  return id === undefined ? { ok: false, error } : { ok: false, id, error };
}

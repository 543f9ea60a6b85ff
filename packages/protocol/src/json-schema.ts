/** The native dialect as one JSON Schema (draft 2020-12), made from the schemas that the server parses with. */
import { z } from "zod";
import type { Json } from "./canonical.ts";
import { type CommandType, commandSchemas } from "./commands/index.ts";
import { ephemeralSchemas } from "./events/ephemeral.ts";
import { durableEventSchemas, erasedEventSchema } from "./events/frame-schemas.ts";
import { commandId } from "./fields.ts";
import type { JsonObject } from "./json-value.ts";
import { replySchemas, wireErrorSchema } from "./replies.ts";
import { protocolVersion } from "./version.ts";

/** All frames by name, grouped by who sends them. Names are unique across the groups. */
export interface FrameSchemas {
  /** `command.<type>`: what a client sends. */
  readonly commands: JsonObject;
  /** `reply.<type>`: the whole reply frame to that command; `error`. */
  readonly answers: JsonObject;
  /** `event.<type>`, `event.erased`, and the ephemeral events and notices as `notice.<type>`. */
  readonly events: JsonObject;
}

/* As input: unknown members are tolerated on both sides, and so the documents must not forbid them. What a
 * `refine` adds (storable text, one of two members) JSON Schema cannot say; native.md says it. */
function toJson(schema: z.ZodType): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest as JsonObject;
}

function mapValues<T>(from: Readonly<Record<string, T>>, prefix: string, to: (value: T) => Json) {
  return Object.fromEntries(
    Object.entries(from).map(([name, value]) => [`${prefix}${name}`, to(value)]),
  );
}

function replyFrame(result: z.ZodType): JsonObject {
  return toJson(z.object({ type: z.literal("reply"), id: commandId, result }));
}

function errorFrame(): JsonObject {
  const error = toJson(wireErrorSchema);
  const head = toJson(z.object({ type: z.literal("error"), id: commandId.exactOptional() }));
  return {
    ...error,
    properties: { ...(head["properties"] as JsonObject), ...(error["properties"] as JsonObject) },
    required: [...(head["required"] as string[]), ...(error["required"] as string[])],
  };
}

/** JSON Schemas of every frame of the native dialect. */
export function frameSchemas(): FrameSchemas {
  return {
    commands: mapValues(commandSchemas, "command.", toJson),
    answers: { ...mapValues(replySchemas, "reply.", replyFrame), error: errorFrame() },
    events: {
      ...mapValues<z.ZodType>(durableEventSchemas, "event.", toJson),
      "event.erased": toJson(erasedEventSchema),
      ...mapValues(ephemeralSchemas, "notice.", toJson),
    },
  };
}

/** The whole document: `$defs` of all frames, and `client_frame` and `server_frame` as the two unions. */
export function nativeJsonSchema(): JsonObject {
  const { commands, answers, events } = frameSchemas();
  const anyOf = (group: JsonObject): JsonObject[] =>
    Object.keys(group).map((name) => ({ $ref: `#/$defs/${name}` }));
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:parlance:native:${protocolVersion}`,
    title: `Parlance native dialect, version ${protocolVersion}`,
    description:
      "One text frame is one of these objects. Rules and order: docs/protocol/native.md.",
    anyOf: [{ $ref: "#/$defs/client_frame" }, { $ref: "#/$defs/server_frame" }],
    $defs: {
      client_frame: { anyOf: anyOf(commands) },
      server_frame: { anyOf: [...anyOf(answers), ...anyOf(events)] },
      ...commands,
      ...answers,
      ...events,
    },
  };
}

/** All commands' types, in the order of the documents. */
export const commandTypes: readonly CommandType[] = Object.keys(commandSchemas) as CommandType[];

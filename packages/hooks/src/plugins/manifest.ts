/** What a plug-in is, read off what its file returned. */
import { Script } from "node:vm";
import type { Plugin } from "@parlance/plugin";
import type { JsonObject } from "@parlance/protocol";
import { z } from "zod";
import { type CommandManifest, type Manifest, moments } from "./messages.ts";

const name = z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, "1-32 of a-z 0-9 _, the first a letter");
const run = z.custom<(...values: never[]) => unknown>(
  (value) => typeof value === "function",
  "a function",
);
const schema = z.custom<z.ZodType>(
  (value) => value instanceof z.ZodType,
  "a schema of the z that it was given",
);

/** What a plug-in may be made of. A part that is none is a mistake, which would go unnoticed else. */
const shape = z.strictObject({
  name,
  timeoutMs: z.int().min(100).max(60_000).exactOptional(),
  fallback: z.enum(["refuse", "pass"]).exactOptional(),
  rooms: z.array(z.string().max(128)).exactOptional(),
  connect: run.exactOptional(),
  join: run.exactOptional(),
  publish: run.exactOptional(),
  methods: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/), run).exactOptional(),
  messages: z.record(name, schema).exactOptional(),
  commands: z
    .record(
      name,
      z.strictObject({
        summary: z.string().min(1).max(200),
        data: schema,
        answer: schema.exactOptional(),
        run,
      }),
    )
    .exactOptional(),
  extend: run.exactOptional(),
  connected: run.exactOptional(),
  message: run.exactOptional(),
  closed: run.exactOptional(),
  error: run.exactOptional(),
});

/** @throws Error that says what is wrong with it. */
export function manifestOf(plugin: Plugin): Manifest {
  const parsed = shape.safeParse(plugin);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(
      `${["plugin", ...(issue?.path ?? [])].map(String).join(".")}: ${issue?.message}`,
    );
  }
  const { timeoutMs = 2_000, fallback = "refuse", rooms = ["*"], methods, messages } = plugin;
  return {
    name: plugin.name,
    timeoutMs,
    fallback,
    rooms,
    hooks: (["connect", "join", "publish"] as const).filter((hook) => plugin[hook] !== undefined),
    methods: Object.keys(methods ?? {}),
    messages: Object.keys(messages ?? {}),
    commands: Object.entries(plugin.commands ?? {}).map(([command, { summary, data, answer }]) => ({
      name: command,
      summary,
      data: jsonSchema(data),
      ...(answer === undefined ? {} : { answer: jsonSchema(answer) }),
    })),
    moments: moments.filter((moment) => plugin[moment] !== undefined),
    ...(plugin.extend === undefined ? {} : { client: clientModule(plugin.name, plugin.extend) }),
  };
}

function jsonSchema(of: z.ZodType): CommandManifest["data"] {
  const { $schema: _, ...rest } = z.toJSONSchema(of, { io: "input", unrepresentable: "any" });
  return rest as JsonObject;
}

/** The function's own text, whichever way it was written, as a module. @throws SyntaxError */
function clientModule(plugin: string, extend: (...values: never[]) => unknown): string {
  const text = extend.toString();
  const isExpression = /^(async\s+)?(function\b|\(|[\w$]+\s*=>)/.test(text);
  const value = isExpression ? text : `({ ${text} }).extend`;
  // Throws here, at the start, and not in the pages.
  new Script(`(${value})`);
  return `// The part of the plug-in ${plugin} that runs in pages.\nexport const extend = ${value};\n`;
}

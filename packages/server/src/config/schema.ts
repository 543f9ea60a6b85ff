/**
 * The one schema of the configuration. `docs/operations/configuration.md`, `parlance config`, the flags and the
 * environment's names are all made from it.
 */
import { z } from "zod";
import { dialectFields } from "./dialect-fields.ts";
import { doorFields, webhookFields } from "./door-fields.ts";
import { type Fields, limitFields, serverFields } from "./fields.ts";
import { hookFields } from "./hook-fields.ts";
import type { Setting, SettingName, Settings } from "./types.ts";

export type {
  Config,
  DialectName,
  Doors,
  JsonDialectName,
  ListenEntry,
  LogLevel,
  Setting,
  SettingName,
  Settings,
} from "./types.ts";

const fields: Fields = {
  ...serverFields,
  ...hookFields,
  ...doorFields,
  ...webhookFields,
  ...dialectFields,
  ...limitFields,
};

const secrets: ReadonlySet<string> = new Set([
  "secret",
  "previous_secrets",
  "jwt_issuers",
  "connect_hook_secret",
  "join_hook_secret",
  "publish_hook_secret",
  "rpc_hook_secret",
  "pusher_secret",
]);

export const configSchema: z.ZodType<Settings> = z.strictObject(
  fields,
) as unknown as z.ZodType<Settings>;

/** Every setting, in the order in which documents show them. */
export const settings: readonly Setting[] = Object.entries(fields).map(([name, schema]) => ({
  name: name as SettingName,
  environment: `PARLANCE_${name.toUpperCase()}`,
  flag: secrets.has(name) ? undefined : `--${name.replaceAll("_", "-")}`,
  form: formOf(schema),
  meaning: schema.description ?? "",
  preset: presetOf(schema),
  isSecret: secrets.has(name),
}));

/**
 * One setting's value, checked by itself.
 *
 * @returns what is wrong with it, in one line, where it cannot be used.
 */
export function checkSetting(
  name: SettingName,
  raw: unknown,
): { readonly value: unknown } | { readonly trouble: string } {
  const parsed = fields[name]?.safeParse(raw);
  if (parsed?.success === true) return { value: parsed.data };
  return { trouble: parsed?.error.issues[0]?.message ?? "there is no such setting" };
}

function formOf(schema: z.ZodType): string {
  const inner = innerOf(schema);
  if (inner instanceof z.ZodEnum) return inner.options.map((option) => `\`${option}\``).join(", ");
  const form = inner.meta()?.["form"];
  return typeof form === "string" ? form : "text";
}

function innerOf(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType) : schema;
}

function presetOf(schema: z.ZodType): string | undefined {
  if (!(schema instanceof z.ZodDefault)) return undefined;
  const preset: unknown = schema.def.defaultValue;
  if (Array.isArray(preset)) return preset.join(",");
  return typeof preset === "boolean" ? (preset ? "yes" : "no") : String(preset);
}

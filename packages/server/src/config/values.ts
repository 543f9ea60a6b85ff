/** Values as they come from flags and the environment (text) or from a file (JSON), brought to one form. */
import { isIPv6 } from "node:net";
import { fields } from "@parlance/protocol";
import { z } from "zod";
import { parseDatabaseUrl } from "./database.ts";
import { checkEntry, parseEntry } from "./listen.ts";
import { type JsonDialectName, jsonDialectNames, type ListenEntry } from "./types.ts";

export function integer(min: number, max: number): z.ZodType<number> {
  const form = `whole number, ${min}-${max}`;
  const schema = z.int(form).min(min, form).max(max, form);
  return z.preprocess((value) => (isDigits(value) ? Number(value) : value), schema).meta({ form });
}

/** A share: 0 is none, 1 is all. */
export const share: z.ZodType<number> = z
  .preprocess(
    (value) => {
      return typeof value === "string" && /^(0|1|0?\.\d{1,9}|1\.0+)$/.test(value)
        ? Number(value)
        : value;
    },
    z.number("a number, 0-1").min(0, "a number, 0-1").max(1, "a number, 0-1"),
  )
  .meta({ form: "number, 0-1" });

/** Where to listen: a port, or an address and a port. */
export const listeningPlace: z.ZodType<string> = z
  .preprocess((value) => (typeof value === "number" ? String(value) : value), z.string())
  .refine((text) => parsePlace(text) !== undefined, "port, host:port or [IPv6]:port")
  .meta({ form: "port or host:port" });

/**
 * `9464`, `127.0.0.1:9464` or `[::1]:9464`; a port alone is this machine's only.
 *
 * @returns undefined for anything else.
 */
export function parsePlace(
  text: string,
): { readonly host: string; readonly port: number } | undefined {
  const [, name, v6, digits] = /^(?:(?:([^:[\]\s]+)|\[([^\]]+)\]):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return undefined;
  if (v6 !== undefined && !isIPv6(v6)) return undefined;
  return { host: name ?? v6 ?? "127.0.0.1", port };
}

/** A number that the server can choose by itself. */
export function autoOr(number: z.ZodType<number>): z.ZodType<"auto" | number> {
  const form = `\`auto\` or ${String(number.meta()?.["form"])}`;
  return z.union([z.literal("auto"), number], { error: form }).meta({ form });
}

export const yesOrNo: z.ZodType<boolean> = z
  .preprocess((value) => {
    if (typeof value !== "string") return value;
    if (/^(true|yes|on|1)$/i.test(value)) return true;
    if (/^(false|no|off|0)$/i.test(value)) return false;
    return value;
  }, z.boolean("yes or no"))
  .meta({ form: "yes or no" });

/** Separated by commas; a list in a file. */
export function list(item: z.ZodType<string>): z.ZodType<readonly string[]> {
  return z
    .preprocess((value) => (typeof value === "string" ? parts(value) : value), z.array(item))
    .meta({ form: "list, separated by commas" });
}

/** JSON text; the value itself in a file. */
export function json<T>(schema: z.ZodType<T>): z.ZodType<T> {
  return z.preprocess((value) => {
    if (typeof value !== "string") return value;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return value;
    }
  }, schema);
}

/** Endpoints: `auto`, `none` or a list of texts; in a file a list of texts or objects. */
export const endpoints: z.ZodType<"auto" | readonly ListenEntry[]> = z
  .unknown()
  .transform((value, context): "auto" | readonly ListenEntry[] => {
    if (value === "auto") return value;
    if (value === "none") return [];
    const items: unknown = typeof value === "string" ? parts(value) : value;
    if (!Array.isArray(items)) {
      context.addIssue("`auto`, `none` or a list");
      return z.NEVER;
    }
    const entries: ListenEntry[] = [];
    for (const item of items as unknown[]) {
      const entry = typeof item === "string" ? parseEntry(item) : checkEntry(item);
      if (typeof entry === "string") context.addIssue(entry);
      else entries.push(entry);
    }
    return entries;
  })
  .meta({ form: "`auto`, `none` or list" }) as unknown as z.ZodType<
  "auto" | readonly ListenEntry[]
>;

/** `auto`, `none` or names of JSON dialects. */
export const jsonDialects: z.ZodType<"auto" | readonly JsonDialectName[]> = z
  .preprocess(
    (value) => {
      if (value === "none") return [];
      return typeof value === "string" && value !== "auto" ? parts(value) : value;
    },
    z.union([z.literal("auto"), z.array(z.enum(jsonDialectNames))], {
      error: `auto, none, or some of ${jsonDialectNames.join(", ")}`,
    }),
  )
  .meta({ form: "`auto`, `none` or list" });

/** A room's name. */
export const roomName: z.ZodType<string> = z
  .string()
  .refine(
    (text) => fields.roomId.safeParse(text).success,
    "a room's name: 1-128 of A-Z a-z 0-9 _ : . -, the first a letter or digit",
  );

/** A name of the IANA database, such as `Europe/Oslo`. */
export const timeZone: z.ZodType<string> = z
  .string()
  .refine(isTimeZone, "a time zone's name, such as UTC or Europe/Oslo");

/** An address without user name and password: it is shown, and the secret that signs requests is another setting. */
export function address(protocol: RegExp, example: string): z.ZodType<string> {
  return z.string().refine((text) => {
    if (!URL.canParse(text)) return false;
    const url = new URL(text);
    return protocol.test(url.protocol) && url.hostname !== "" && !/^[^/]*\/\/[^/]*@/.test(text);
  }, `an address such as ${example}, without a user name`);
}

/** The address of a database. What is wrong is told without it: it may contain a password. */
export const databaseUrl: z.ZodType<string> = z.string().check((check) => {
  const parsed = parseDatabaseUrl(check.value);
  if (typeof parsed === "string") {
    check.issues.push({ code: "custom", message: parsed, input: "(hidden)" });
  }
});

function isTimeZone(text: string): boolean {
  // Node also knows offsets such as +02:00; they know nothing of summer.
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

function parts(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function isDigits(value: unknown): value is string {
  return typeof value === "string" && /^\d{1,15}$/.test(value);
}

/** Values as they come from flags and the environment (text) or from a file (JSON), brought to one form. */
import { z } from "zod";

export function integer(min: number, max: number): z.ZodType<number> {
  const form = `whole number, ${min}-${max}`;
  const schema = z.int(form).min(min, form).max(max, form);
  return z.preprocess((value) => (isDigits(value) ? Number(value) : value), schema).meta({ form });
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
    .preprocess((value) => {
      if (typeof value !== "string") return value;
      return value
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== "");
    }, z.array(item))
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

function isDigits(value: unknown): value is string {
  return typeof value === "string" && /^\d{1,15}$/.test(value);
}

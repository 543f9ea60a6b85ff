/** The rates of users, back ends, networks and connections, as an operator writes them. */
import { type RateRule, rateLabel } from "@parlance/core";
import { roomKinds } from "@parlance/protocol";
import { z } from "zod";
import { dialectNames } from "./types.ts";
import { json } from "./values.ts";

/** What a rule can be for: the dialects, HTTP, and the doors of back ends. */
const ways = [...dialectNames, "socketio", "sse", "rest", "door"] as const;

/** Rules of an install: each costs every command a look. */
const maxRules = 32;

const rule: z.ZodType<RateRule> = z
  .strictObject({
    per: z.enum(["user", "key", "network", "connection"]),
    of: z.enum(["writes", "reads"]).default("writes"),
    dialect: z.enum(ways).exactOptional(),
    kind: z.enum(roomKinds).exactOptional(),
    per_second: z.number().min(0.001).max(1_000_000),
    burst: z.int().min(1).max(1_000_000),
  })
  .transform(({ per_second: perSecond, ...rest }): RateRule => ({ ...rest, perSecond }));

const rules = z
  .array(rule)
  .max(maxRules)
  .refine((all) => new Set(all.map(rateLabel)).size === all.length, {
    error: "two rules for the same",
  });

/** `auto`, or the rules. */
export const rateLimits: z.ZodType<"auto" | readonly RateRule[]> = z
  .union([z.literal("auto"), json(rules)], {
    error: (issue) => ruleTrouble(issue.input),
  })
  .meta({ form: "`auto` or JSON" });

/* A union tells only that nothing fits: what is wrong is in the rules. */
function ruleTrouble(input: unknown): string {
  const parsed = json(rules).safeParse(input);
  const [issue] = parsed.error?.issues ?? [];
  const place = issue?.path.join(".") ?? "";
  return `auto, or a JSON list of rules${issue === undefined ? "" : `: ${place} ${issue.message}`}`;
}

/** When what somebody says of themselves is over, as few choices. */
import type { TextKey } from "../i18n/index.ts";

/** `keep`: as it was set before. */
export type End = "never" | "30" | "60" | "240" | "today" | "week" | "keep";

/** In the order in which they are offered. */
export const ends: readonly (readonly [Exclude<End, "keep">, TextKey])[] = [
  ["never", "endNever"],
  ["30", "endHalfHour"],
  ["60", "endHour"],
  ["240", "endFourHours"],
  ["today", "endToday"],
  ["week", "endWeek"],
];

/** The moment of a choice, ISO 8601; undefined for none. Days and weeks end at local midnight, weeks on Sunday. */
export function endAt(end: Exclude<End, "keep">, now: Date): string | undefined {
  if (end === "never") return undefined;
  if (end !== "today" && end !== "week") {
    return new Date(now.getTime() + Number(end) * 60_000).toISOString();
  }
  const days = end === "today" ? 1 : 7 - ((now.getDay() + 6) % 7);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days).toISOString();
}

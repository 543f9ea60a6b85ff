/** Spans of time in words. */

const units = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** `2 hours`, in the largest unit that divides it. */
export function spanText(language: string, seconds: number): string {
  const [unit, size] = units.find(([, length]) => seconds % length === 0) ?? ["second", 1];
  const format = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" });
  return format.format(seconds / size);
}

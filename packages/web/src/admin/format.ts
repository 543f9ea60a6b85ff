/** Numbers with units, as short as they can be read. */

/** What a number is of. */
export type Unit = "count" | "per second" | "ms" | "bytes" | "bytes per second" | "share";

/** `1,234`, `12.5 /s`, `3.2 ms`, `41 MB`, `12 %`. */
export function formatNumber(value: number, unit: Unit, language: string): string {
  switch (unit) {
    case "count":
      return rounded(value, language, 0);
    case "per second":
      return `${rounded(value, language, value < 10 ? 1 : 0)} /s`;
    case "ms":
      return value >= 1_000
        ? `${rounded(value / 1_000, language, 1)} s`
        : `${rounded(value, language, value < 10 ? 1 : 0)} ms`;
    case "bytes":
      return formatBytes(value, language);
    case "bytes per second":
      return `${formatBytes(value, language)}/s`;
    case "share":
      return `${rounded(value * 100, language, 0)} %`;
    default:
      return unit satisfies never;
  }
}

function formatBytes(value: number, language: string): string {
  const names = ["B", "kB", "MB", "GB", "TB"];
  let scaled = value;
  let step = 0;
  while (scaled >= 1_000 && step < names.length - 1) {
    scaled /= 1_000;
    step += 1;
  }
  return `${rounded(scaled, language, step > 0 && scaled < 10 ? 1 : 0)} ${names[step]}`;
}

function rounded(value: number, language: string, digits: number): string {
  return value.toLocaleString(language, { maximumFractionDigits: digits });
}

/** `42 s`, `12 min`, `3 h`, `5 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Times on a card: how long ago, and what the clock says where somebody is. */

const minute = 60_000;
const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 1_440 * minute],
  ["hour", 60 * minute],
  ["minute", minute],
];

/** `2 hours ago`; `now` for less than a minute. */
export function ago(time: string, language: string, now: number): string {
  const passed = Math.max(0, now - Date.parse(time));
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const [unit, length] = units.find(([, one]) => passed >= one) ?? [
    "second",
    Number.POSITIVE_INFINITY,
  ];
  return format.format(-Math.floor(passed / length) || 0, unit);
}

/** What the clock says in a time zone now, with its name; undefined for one that this browser does not know. */
export function clockIn(timeZone: string, language: string): string | undefined {
  try {
    const format = new Intl.DateTimeFormat(language, {
      timeZone,
      hour: "numeric",
      minute: "2-digit",
      timeZoneName: "short",
    });
    return format.format();
  } catch {
    return undefined;
  }
}

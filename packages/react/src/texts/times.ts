/** Times as people read them, in the page's language and the reader's time zone. */

const formats = new Map<string, Intl.DateTimeFormat>();

function format(
  language: string,
  name: string,
  options: Intl.DateTimeFormatOptions,
  time: Date,
): string {
  const key = `${language}/${name}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(language, options);
  formats.set(key, known);
  return known.format(time);
}

/** `14:05` or `2:05 PM`. */
export function clockTime(time: string, language: string): string {
  return format(language, "clock", { hour: "numeric", minute: "2-digit" }, new Date(time));
}

/** Date and time in full, for tooltips and readers. */
export function fullTime(time: string, language: string): string {
  return format(language, "full", { dateStyle: "full", timeStyle: "short" }, new Date(time));
}

/** How far a day is from today: 0, 1, or undefined for more. Days end at local midnight. */
export function daysAgo(time: string, now: Date): 0 | 1 | undefined {
  const day = new Date(time).toDateString();
  if (day === now.toDateString()) return 0;
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  return day === yesterday.toDateString() ? 1 : undefined;
}

/** `21 Nov`, with the year when it is another one. */
export function shortDay(time: string, language: string, now: Date): string {
  const date = new Date(time);
  const sameYear = date.getFullYear() === now.getFullYear();
  return format(
    language,
    sameYear ? "short" : "shortAndYear",
    { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) },
    date,
  );
}

/** `45 %`, of 0-100. */
export function percent(value: number, language: string): string {
  const options = { style: "percent", maximumFractionDigits: 0 } as const;
  return new Intl.NumberFormat(language, options).format(value / 100);
}

/** `Friday, 21 November`, with the year when it is another one. */
export function longDay(time: string, language: string, now: Date): string {
  const date = new Date(time);
  const sameYear = date.getFullYear() === now.getFullYear();
  return format(
    language,
    sameYear ? "day" : "dayAndYear",
    { weekday: "long", day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) },
    date,
  );
}

/** When a message may be sent later. Pure. */

/** The hour of a morning, where the reader is. */
const morning = 9;
/** How far ahead the server takes messages, a little less. */
const farthestMs = 365 * 86_400_000;

/** A time that is offered. */
export interface LaterTime {
  readonly text: "laterHour" | "laterTomorrow" | "laterMonday";
  readonly at: Date;
}

/** In an hour, tomorrow morning, and Monday morning where that is another day. */
export function laterTimes(now: Date): readonly LaterTime[] {
  const dayAt = (days: number): Date =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, morning);
  const untilMonday = (8 - now.getDay()) % 7 || 7;
  return [
    { text: "laterHour", at: new Date(now.getTime() + 3_600_000) },
    { text: "laterTomorrow", at: dayAt(1) },
    ...(untilMonday === 1 ? [] : [{ text: "laterMonday", at: dayAt(untilMonday) } as const]),
  ];
}

/** What is wrong with a time, as the key of a text; undefined: nothing. */
export function problemOf(at: Date, now: Date): "laterPast" | "laterFar" | undefined {
  const ahead = at.getTime() - now.getTime();
  if (Number.isNaN(ahead) || ahead <= 0) return "laterPast";
  return ahead > farthestMs ? "laterFar" : undefined;
}

/** A time as a field for day and time takes it: `2026-11-27T09:00`, where the reader is. */
export function fieldTime(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

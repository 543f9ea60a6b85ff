/**
 * Writes moments as PHP's `date("Y-m-d H:i:s")` does, in a fixed time zone.
 *
 * @param timeZone An IANA name.
 * @throws RangeError for a time zone that nobody knows.
 */
export function createLocalTime(timeZone: string): (iso: string) => string {
  if (timeZone === "UTC") return (iso) => `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  return (iso) => {
    const parts = new Map(
      format.formatToParts(new Date(iso)).map(({ type, value }) => [type, value]),
    );
    const of = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? "";
    return `${of("year")}-${of("month")}-${of("day")} ${of("hour")}:${of("minute")}:${of("second")}`;
  };
}

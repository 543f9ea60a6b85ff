import type { Clock, Timer } from "@parlance/core";
import type { EngineConnection } from "./engine.ts";

/** Between an event that announces attachments and the last of them. Milliseconds. */
const attachmentsMs = 5_000;
const announcement = /^[56](\d{1,2})-/;

/**
 * Ends a connection that announces binary attachments and does not send them: the library would wait, with what has
 * come so far in memory.
 */
export function limitAttachments(conn: EngineConnection, clock: Clock): void {
  let missing = 0;
  let timer: Timer | undefined;
  const stop = (): void => {
    timer?.cancel();
    timer = undefined;
  };
  conn.on("data", (data: unknown) => {
    if (typeof data !== "string") missing -= 1;
    else {
      const count = announcement.exec(data)?.[1];
      if (count === undefined) return;
      missing = Number(count);
      timer ??= clock.after(attachmentsMs, () => conn.close(true));
    }
    if (missing <= 0) stop();
  });
  conn.once("close", stop);
}

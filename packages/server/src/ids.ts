import { hash, randomFillSync } from "node:crypto";
import type { Ids } from "@parlance/core";
import type { ConnectionId, EventId, RoomId, UserId } from "@parlance/protocol";

/** 32 signs, so that five random bits are one sign without favouring any. */
const alphabet = "0123456789abcdefghijklmnopqrstuv";
/** Random bytes fetched at once: asking the system for each id alone costs twenty times as much. */
const poolBytes = 4_096;

/** Random ids. Events' begin with their time in base 36, so they sort by it (until the year 5188). */
export function createIds(now: () => number): Ids {
  const pool = new Uint8Array(poolBytes);
  let used = poolBytes;

  function randomByte(): number {
    if (used === poolBytes) {
      randomFillSync(pool);
      used = 0;
    }
    const byte = pool[used] ?? 0;
    used += 1;
    return byte;
  }

  function signs(count: number): string {
    let text = "";
    for (let index = 0; index < count; index += 1) text += alphabet.charAt(randomByte() & 31);
    return text;
  }

  return {
    event: () => (now().toString(36).padStart(9, "0") + signs(13)) as EventId,
    connection: () => signs(13) as ConnectionId,
    user: () => `u_${signs(20)}` as UserId,
    room: () => `r_${signs(22)}` as RoomId,
    secret: () => signs(32),
    digest: (text) => hash("sha256", text),
    random: () => (randomByte() * 65_536 + randomByte() * 256 + randomByte()) / 16_777_216,
  };
}

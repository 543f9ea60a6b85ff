import type { ProtocolError, RoomId } from "@parlance/protocol";

const maxReasonLength = 1_000;

/** Why something is refused, in one line. @param room Of several, the one that refused. */
export function reasonOf({ code, details = {} }: ProtocolError, room?: RoomId): string {
  const facts = Object.entries({ ...(room === undefined ? {} : { room }), ...details });
  return [code, ...facts.map(([name, value]) => `${name}=${String(value)}`)]
    .join(" ")
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ")
    .slice(0, maxReasonLength);
}

import { limits, ProtocolError, utf8Length } from "@parlance/protocol";
import { authorizeIn } from "../append.ts";
import type { Whisper } from "../ports/index.ts";
import type { LiveContext } from "../services.ts";

/**
 * Tells the room's other connections, on all nodes, what nobody keeps.
 *
 * @throws ProtocolError `forbidden` for those who are not subscribed, `too_large`, `rate_limited`.
 */
export async function whisper(context: LiveContext, task: Whisper): Promise<Record<string, never>> {
  const { connection, identity, services } = context;
  const { room: id, name, data } = task;
  if (utf8Length(data) > limits.whisperBytes) {
    throw new ProtocolError("too_large", { field: "data", limit: limits.whisperBytes });
  }
  if (name.length > limits.whisperNameLength) {
    throw new ProtocolError("too_large", { field: "name", limit: limits.whisperNameLength });
  }
  const subscription = connection.subscription(id);
  if (subscription === undefined) throw new ProtocolError("forbidden");
  const waitMs = connection.signedRooms.takeWhisper();
  if (waitMs > 0) throw new ProtocolError("rate_limited", { retry_after_ms: waitMs });
  const { room } = subscription;
  await authorizeIn(context, "write", room);
  // It may have ended while the right was looked up.
  if (subscription.isEnded) throw new ProtocolError("forbidden");
  const user = identity.isAnonymous === true ? {} : { user: identity.user };
  const event = { type: "whisper", room: id, name, data, ...user } as const;
  const { connectionId } = connection;
  room.signal(event, { except: connectionId });
  services.onUnkept?.({ ...event, connectionId });
  return {};
}

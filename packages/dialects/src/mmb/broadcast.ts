/**
 * `POST /broadcast` (MMB-15): the envelope that a back end would give to Redis, `{type: "message", room, message}`,
 * with an API key. Nothing anonymous, also from this machine: behind a proxy everybody is.
 */
import type { Identity, Node } from "@parlance/core";
import { type ClientMessageId, fields, ProtocolError, type Published } from "@parlance/protocol";
import { isMembers, member, noId, roomOf } from "../json/frame.ts";
import { contentOf } from "./decode.ts";
import { isChatRoom, isNotificationRoom } from "./features.ts";
import type { MmbOptions } from "./options.ts";

/** What it needs of the server. */
export interface BroadcastDoors {
  readonly node: Pick<Node, "execute">;
  readonly newMessageId: () => ClientMessageId;
  readonly options: MmbOptions;
}

/**
 * Writes the message that a body asks for.
 *
 * @param idempotencyKey Makes a second try harmless; a new one if undefined.
 * @throws ProtocolError for a body that is not in order, `feature_disabled` for a room whose feature is off, and what
 *   publishing throws.
 */
export async function broadcast(
  doors: BroadcastDoors,
  identity: Identity,
  body: unknown,
  idempotencyKey: string | undefined,
): Promise<Published> {
  if (identity.scopes === undefined) throw new ProtocolError("forbidden");
  if (!isMembers(body)) throw new ProtocolError("bad_request");
  if ((member(body, "type") ?? "message") !== "message") {
    throw new ProtocolError("bad_request", { field: "type" });
  }
  const room = roomOf(member(body, "room"), "room");
  const { chat, notifications } = doors.options;
  if ((!chat && isChatRoom(room)) || (!notifications && isNotificationRoom(room))) {
    throw new ProtocolError("feature_disabled");
  }
  return doors.node.execute<"publish">(identity, {
    type: "publish",
    id: noId,
    room,
    client_message_id: keyOf(idempotencyKey) ?? doors.newMessageId(),
    ...contentOf(member(body, "message")),
  });
}

function keyOf(given: string | undefined): ClientMessageId | undefined {
  if (given === undefined) return undefined;
  const parsed = fields.clientMessageId.safeParse(given);
  if (!parsed.success) throw new ProtocolError("bad_request", { field: "idempotency-key" });
  return parsed.data;
}

import { fields, ProtocolError, type RoomId } from "@parlance/protocol";
import { ticketIn } from "../query-ticket.ts";

/** What an address asks for: `/yjs/{room}?ticket=…`. */
export interface Asked {
  readonly room: RoomId;
  readonly ticket?: string;
}

/**
 * Reads an address. Total over any text. The provider appends the room's name and `params` to the address that it was given, so the
 * room is the last part of the path, whatever is before it.
 *
 * @throws ProtocolError `not_found` for a name that no room can have, `unauthenticated` for a credential that does not belong into a
 *   query.
 */
export function readAddress(url: string): Asked {
  const end = url.includes("?") ? url.indexOf("?") : url.length;
  const path = url.slice(0, end);
  const ticket = ticketIn(new URLSearchParams(url.slice(end)));
  const room = fields.roomId.safeParse(decoded(path.slice(path.lastIndexOf("/") + 1)));
  if (!room.success) throw new ProtocolError("not_found");
  return { room: room.data, ...(ticket === undefined ? {} : { ticket }) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

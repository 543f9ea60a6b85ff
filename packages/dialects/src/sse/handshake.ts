import type { StreamRequest } from "@parlance/core";
import { fields, limits, ProtocolError, type RoomId } from "@parlance/protocol";
import { ticketIn } from "../query-ticket.ts";

/** What a request for a stream asks for. */
export interface Asked {
  /** 1-200, each once, in the order of the request. */
  readonly rooms: readonly RoomId[];
  readonly token?: string;
  readonly ticket?: string;
  /** The position to go on from, as it came: perhaps none of ours. */
  readonly lastEventId?: string;
  /** Where no position is known: so many events before the head. */
  readonly last?: number;
  readonly presence: boolean;
}

/** The path of a stream of several rooms. */
const severalPath = "/events";
const roomPath = /^\/rooms\/([^/]+)\/events$/;

/** Whether streams are at this path. */
export function takesPath(path: string): boolean {
  return path === severalPath || roomPath.test(path);
}

/**
 * Reads a request. Total over any text.
 *
 * @throws ProtocolError `not_acceptable`, `unauthenticated` without a credential or with one that does not belong into
 *   a query, `not_found` for a path that no room can have, `bad_request` and `too_large` for the rest.
 */
export function readRequest({ path, query, headers }: StreamRequest): Asked {
  if (!acceptsStream(headers["accept"])) throw new ProtocolError("not_acceptable");
  const parameters = new URLSearchParams(query);
  const ticket = ticketIn(parameters);
  const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(headers["authorization"] ?? "")?.[1];
  if (token === undefined && ticket === undefined) throw new ProtocolError("unauthenticated");
  const last = single(parameters, "last");
  const presence = single(parameters, "presence");
  if (last !== undefined && !(/^\d{1,3}$/.test(last) && Number(last) <= limits.pageEvents)) {
    throw new ProtocolError("bad_request", { field: "last", limit: limits.pageEvents });
  }
  if (presence !== undefined && !/^[01]$/.test(presence)) {
    throw new ProtocolError("bad_request", { field: "presence" });
  }
  /* A client that comes back sends the header, and its old query with it. */
  const lastEventId = headers["last-event-id"] || single(parameters, "last_event_id");
  return {
    rooms: roomsOf(path, parameters),
    presence: presence === "1",
    ...(token === undefined ? {} : { token }),
    ...(ticket === undefined ? {} : { ticket }),
    ...(lastEventId === undefined || lastEventId === "" ? {} : { lastEventId }),
    ...(last === undefined ? {} : { last: Number(last) }),
  };
}

function single(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name);
  if (values.length > 1) throw new ProtocolError("bad_request", { field: name });
  return values[0];
}

function roomsOf(path: string, parameters: URLSearchParams): readonly RoomId[] {
  const inQuery = parameters.getAll("room");
  const inPath = roomPath.exec(path)?.[1];
  if (inPath !== undefined) {
    if (inQuery.length > 0) throw new ProtocolError("bad_request", { field: "room" });
    const room = fields.roomId.safeParse(decoded(inPath));
    // A path names a thing. One that no thing can have is a thing that is not there.
    if (!room.success) throw new ProtocolError("not_found");
    return [room.data];
  }
  const rooms = new Set<RoomId>();
  for (const name of inQuery) {
    const room = fields.roomId.safeParse(name);
    if (!room.success) throw new ProtocolError("bad_request", { field: "room" });
    rooms.add(room.data);
  }
  if (rooms.size === 0) throw new ProtocolError("bad_request", { field: "room" });
  if (rooms.size > limits.resumeRooms) {
    throw new ProtocolError("too_large", { field: "room", limit: limits.resumeRooms });
  }
  return [...rooms];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

/** Whether a list of media ranges has room for an event stream; the most exact one decides (RFC 9110 §12.5.1). */
export function acceptsStream(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === "") return true;
  const ranges = new Map<string, boolean>();
  for (const range of accept.split(",")) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    ranges.set(name, !parameters.some((part) => /^q\s*=\s*0(?:\.0{0,3})?$/.test(part)));
  }
  return ranges.get("text/event-stream") ?? ranges.get("text/*") ?? ranges.get("*/*") ?? false;
}

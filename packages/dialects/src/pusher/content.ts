/**
 * Events of channels and messages of rooms. What a back end triggers is stored as a message: a text for people who read the room
 * otherwise, and beside it the event as it came. What others write in the room is an event of its own name.
 */
import {
  type DurableEvent,
  type EventFrame,
  fields,
  type JsonObject,
  ProtocolError,
  textOfContent,
  utf8Length,
} from "@parlance/protocol";
import { wholeMessage } from "../json/whole-message.ts";

/** Longest name of an event, in UTF-16 code units, and most of its data, in UTF-8 bytes (Pusher, "Publishing events"). */
export const maxEventName = 200;
export const maxEventData = 10_240;
/** Names a connection to those who sign for it (Pusher protocol 7, "Connection established"). */
export const socketIdForm: RegExp = /^\d+\.\d+$/;
/** The member of a message's `data` that holds an event. */
const member = "pusher";
/** What the protocol itself says: never an event of a back end or a page. */
const reserved = /^pusher(_internal)?:/;
const clientPrefix = "client-";

/** An event as a back end triggers it or a page sends it. */
export interface PusherEvent {
  readonly name: string;
  /** Any text, mostly JSON. Kept to the byte. */
  readonly data: string;
  /** The connection that does not get it. */
  readonly socketId?: string;
}

/** An event as a channel's subscribers get it. */
export interface ChannelEvent {
  readonly name: string;
  /** JSON where it is no event of Pusher's clients; else as it came. */
  readonly data: string;
  /** Who sent it, of a client event. */
  readonly userId?: string;
}

/** What of an event is stored. */
export interface EventContent {
  readonly text: string;
  readonly data: JsonObject;
}

/** Whether a page may send an event of that name. */
export function isClientEvent(name: string): boolean {
  return name.startsWith(clientPrefix) && name.length > clientPrefix.length;
}

/**
 * The content of the message that an event is stored as.
 *
 * @throws ProtocolError `too_large` for a name above 200 code units, data above 10 KiB, and data that takes more than 32 KiB once
 *   it is escaped; `bad_request` for what no database can store, and for names of the protocol.
 */
export function contentOfEvent({ name, data, socketId }: PusherEvent): EventContent {
  if (name.length > maxEventName) {
    throw new ProtocolError("too_large", { field: "name", limit: maxEventName });
  }
  if (name === "" || reserved.test(name)) throw new ProtocolError("bad_request", { field: "name" });
  if (utf8Length(data) > maxEventData) {
    throw new ProtocolError("too_large", { field: "data", limit: maxEventData });
  }
  if (socketId !== undefined && !socketIdForm.test(socketId)) {
    throw new ProtocolError("bad_request", { field: "socket_id" });
  }
  const event = { name, data, ...(socketId === undefined ? {} : { socket_id: socketId }) };
  const stored = fields.messageData.safeParse({ [member]: event });
  if (!stored.success) {
    const isLarge = stored.error.issues[0]?.code === "too_big";
    throw new ProtocolError(isLarge ? "too_large" : "bad_request", { field: "data" });
  }
  return { text: textOfEvent(name, data), data: stored.data };
}

/** What people read of an event where they know no events. */
function textOfEvent(name: string, data: string): string {
  const parsed = parse(data);
  const text =
    typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? textOfContent({ data: parsed as JsonObject })
      : typeof parsed === "string"
        ? parsed
        : data;
  for (const each of [text, name]) if (fields.messageText.safeParse(each).success) return each;
  return "event";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Whom a stored event was not for. */
export function excludedSocket(frame: EventFrame): string | undefined {
  if ("erased" in frame || frame.type !== "message.created") return undefined;
  return eventIn(frame)?.socketId;
}

/**
 * What a durable event of a room is in its channel.
 *
 * @returns undefined for an erased one, and for the beginning of a message that grows: it is told when it is whole.
 */
export function eventOfFrame(frame: EventFrame): ChannelEvent | undefined {
  if ("erased" in frame) return undefined;
  if (frame.type === "message.created" || frame.type === "message.closed") {
    const message = wholeMessage(frame);
    return message === undefined ? undefined : eventOfMessage(message);
  }
  const { type, id, sequence, author, time, data } = frame;
  return { name: type, data: JSON.stringify({ ...data, id, sequence, from: author, time }) };
}

function eventOfMessage(message: DurableEvent<"message.created">): ChannelEvent {
  const event = eventIn(message);
  if (event !== undefined) {
    const { name, data } = event;
    return isClientEvent(name) ? { name, data, userId: message.author } : { name, data };
  }
  const { id, sequence, author, time } = message;
  const { author_name: name, author_number: number, ...said } = message.data;
  const numbered = number === undefined ? {} : { number };
  const whole = { ...said, id, sequence, from: author, name, ...numbered, time };
  return { name: "message", data: JSON.stringify(whole) };
}

/* Security: without this, anybody who may write in a room could send its pages an event in the back end's name, or one of the
 * protocol. A page's own events bear `client-` in front, a back end's are a service's. */
function eventIn({ author, data }: DurableEvent<"message.created">): PusherEvent | undefined {
  const stored = data.data?.[member];
  if (typeof stored !== "object" || stored === null || Array.isArray(stored)) return undefined;
  const { name, data: content, socket_id: socketId } = stored as JsonObject;
  if (typeof name !== "string" || typeof content !== "string") return undefined;
  if (name === "" || name.length > maxEventName || reserved.test(name)) return undefined;
  const isByService = author.startsWith("service:") || data.published_by !== undefined;
  if (!isByService && !isClientEvent(name)) return undefined;
  const isSocket = typeof socketId === "string" && socketIdForm.test(socketId);
  return { name, data: content, ...(isSocket ? { socketId } : {}) };
}

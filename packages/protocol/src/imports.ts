/** One line of an export, and of what is imported: users, rooms, the events of their logs, what documents said, and what is people's own. */
import { z } from "zod";
import { type DurableType, durableTypes } from "./events/durable.ts";
import { clientMessageId, displayName, moment, roomId, roomTitle, userId } from "./fields.ts";
import type { ClientMessageId, EventId, RoomId, Sequence, UserId } from "./ids.ts";
import { type ImportedDocument, importedDocument } from "./imports-documents.ts";
import { type ImportedOwn, importedOwn } from "./imports-own.ts";
import type { JsonObject } from "./json-value.ts";
import { type RoomKind, roomKinds } from "./room-kind.ts";

/** Somebody who writes in what follows. Who is not there becomes an external user, without a way to sign in. */
export interface ImportedUser {
  readonly type: "user";
  readonly id: UserId;
  readonly name: string;
}

/** A room that events follow for. One that is there stays as it is. */
export interface ImportedRoom {
  readonly type: "room";
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly title: string;
}

/** One event. Its time and author stay what they are here. */
export interface ImportedEvent {
  readonly type: "event";
  readonly room: RoomId;
  /** Where it has to be in the room's log. Absent: at its end. */
  readonly sequence?: Sequence;
  /** 1-64 letters and digits, `_` and `-`. */
  readonly id: EventId;
  readonly event: DurableType;
  readonly author: UserId;
  /** ISO 8601, 1970 to 2199. */
  readonly time: string;
  /** Makes repeating safe where there is no `sequence`. */
  readonly client_message_id?: ClientMessageId;
  /** The payload; exactly one of this and `erased`. */
  readonly data?: JsonObject;
  readonly erased?: true;
  /** Of an erased version: the message it was of, or the file. */
  readonly of?: string;
  /** Of an erased message: that it grew, and the message that it was in the thread of. */
  readonly open?: true;
  readonly thread?: EventId;
}

export type ImportItem =
  | ImportedUser
  | ImportedRoom
  | ImportedEvent
  | ImportedDocument
  | ImportedOwn;

const eventId = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/) as unknown as z.ZodType<EventId>;
const user = z.object({ type: z.literal("user"), id: userId, name: displayName });
const room = z.object({
  type: z.literal("room"),
  room: roomId,
  kind: z.enum(roomKinds),
  title: roomTitle,
});
/** Places in the order of results are made of a time and a number, in 63 bits. */
const isMoment = (time: number): boolean => time >= 0 && time < Date.UTC(2200, 0);

const event = z
  .object({
    type: z.literal("event"),
    room: roomId,
    sequence: z.int().min(1).exactOptional(),
    id: eventId,
    event: z.enum(durableTypes),
    author: userId,
    time: moment.refine((time) => isMoment(Date.parse(time)), "before 1970, or behind 2199"),
    client_message_id: clientMessageId.exactOptional(),
    data: z.record(z.string(), z.unknown()).exactOptional(),
    erased: z.literal(true).exactOptional(),
    of: z.string().max(64).exactOptional(),
    open: z.literal(true).exactOptional(),
    thread: eventId.exactOptional(),
  })
  .refine((item) => (item.data === undefined) !== (item.erased === undefined), {
    message: "exactly one of data and erased",
    path: ["data"],
  });

/** Schema of one item. What is in `data` is looked at by who imports it. */
export const importItemSchema: z.ZodType<ImportItem> = z.union([
  user,
  room,
  event,
  importedDocument,
  importedOwn,
]) as unknown as z.ZodType<ImportItem>;

/**
 * A place in one room as the last argument of an event. The stock client keeps the last argument of the last event,
 * if it is a text, and brings it back when it connects again; so each of our events ends in one of these or in no
 * text at all. In which life of the room's log it is, the kept session knows.
 */
import type { RoomId, Sequence } from "@parlance/protocol";

/** A place together with the room that it is in. */
export interface RoomPlace {
  readonly room: RoomId;
  readonly sequence: Sequence;
}

const pattern = /^([A-Za-z0-9][A-Za-z0-9_:.-]{0,127})\|(\d{1,15})$/;
const lastArgument = /,"([^"\\]{1,144})"\]$/;
/** Longer than any place with what stands around it. */
const tailLength = 160;

/** Opaque to clients. */
export function writePlace({ room, sequence }: RoomPlace): string {
  return `${room}|${sequence}`;
}

/** Undefined for any text that is none: an application's own event may have ended in a text. */
export function readPlace(text: string): RoomPlace | undefined {
  const [, room, sequence] = pattern.exec(text) ?? [];
  if (room === undefined || sequence === undefined) return undefined;
  return { room: room as RoomId, sequence: Number(sequence) };
}

/** The place that a finished packet ends in. */
export function placeOf(packet: string): RoomPlace | undefined {
  const text = lastArgument.exec(packet.slice(-tailLength))?.[1];
  return text === undefined ? undefined : readPlace(text);
}

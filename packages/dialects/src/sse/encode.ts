/**
 * Events as blocks of `text/event-stream` (HTML, "Server-sent events"). Both dialects are pure, so a block is made
 * once for all streams of its kind; what is each stream's own is put in at the write (`personalize`).
 */
import type { Bytes, Dialect } from "@parlance/core";
import type { ServerEvent } from "@parlance/protocol";
import { idOf, type StreamPlaces } from "./position.ts";

/**
 * One event. Text with line breaks becomes several `data` lines, as the format has it; JSON has none.
 *
 * @param id Absent: the last id stays what it was.
 */
export function block(type: string, data: string, id?: string): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  const idLine = id === undefined ? "" : `id: ${id}\n`;
  return `${idLine}event: ${type}\n${lines.join("")}\n`;
}

/** How long clients wait before they come back; no event. */
export function retryBlock(ms: number): string {
  return `retry: ${Math.round(ms)}\n\n`;
}

/** Nothing is received in a stream, and what it asks is answered to it alone. */
const begin: Dialect["begin"] = () => ({ received() {}, replied() {}, refused() {} });

/** Streams of one room: the same bytes for all of them. */
export const oneRoom: Dialect = {
  name: "sse",
  begin,
  encodeEvent(event: ServerEvent, epoch) {
    const isDurable = "sequence" in event && epoch !== undefined;
    const id = isDurable ? idOf(epoch, event.sequence) : undefined;
    return block(event.type, JSON.stringify(event), id);
  },
};

/** Streams of several rooms: in place of its id an event carries a mark, its own place. */
export const severalRooms: Dialect = {
  name: "sse",
  begin,
  encodeEvent(event: ServerEvent, epoch) {
    const isDurable = "sequence" in event && epoch !== undefined;
    const mark = isDurable ? markOf(event.room, epoch, event.sequence) : undefined;
    return block(event.type, JSON.stringify(event), mark);
  },
};

/** "From here on the stream is at this place of the room." */
export function markOf(room: string, epoch: string, sequence: number): string {
  return `${room} ${epoch} ${sequence}`;
}

/** "Say where the stream is." */
export const noMark = "";

const idField = Buffer.from("id:");
const blockEnd = Buffer.from("\n\n");
const lineFeed = 0x0a;

/**
 * Whole blocks of several rooms with their marks turned into ids of one stream, whose places move along. The rest is
 * copied as it is: no event is encoded again.
 */
export function personalize(chunk: Bytes, places: StreamPlaces): Bytes {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const parts: Buffer[] = [];
  let copied = 0;
  for (let at = 0; at < bytes.length; ) {
    if (bytes.compare(idField, 0, idField.length, at, at + idField.length) === 0) {
      const end = bytes.indexOf(lineFeed, at);
      follow(bytes.toString("latin1", at + idField.length, end).trim(), places);
      parts.push(bytes.subarray(copied, at), Buffer.from(`id: ${places.text}\n`, "latin1"));
      copied = end + 1;
    }
    const end = bytes.indexOf(blockEnd, at);
    if (end === -1) break;
    at = end + blockEnd.length;
  }
  if (copied === 0) return chunk;
  parts.push(bytes.subarray(copied));
  return Buffer.concat(parts);
}

function follow(mark: string, places: StreamPlaces): void {
  const [room = "", epoch = "", sequence = ""] = mark.split(" ");
  if (mark !== noMark) places.set(room, epoch, Number(sequence));
}

/** Texts of open messages as this client's room sees them grow. What was missed is asked for when the server says that it is stored. */
import type { EventFrame, EventId, MessageAppendedEvent, RoomId } from "@parlance/protocol";
import type { Link } from "./link.ts";
import type { GrowingText } from "./types.ts";

/** A message that was opened a moment ago, or long ago: if the next events do not close it, its text is asked for. */
const lookAfterMs = 50;

interface Text {
  text: string;
  /** Pieces behind a hole, without holes among themselves. */
  late: { readonly at: number; text: string } | undefined;
  isAsking: boolean;
}

export class Texts {
  readonly #room: RoomId;
  readonly #link: Link;
  readonly #tell: (text: GrowingText) => void;
  readonly #texts = new Map<EventId, Text>();

  constructor(room: RoomId, link: Link, tell: (text: GrowingText) => void) {
    this.#room = room;
    this.#link = link;
    this.#tell = tell;
  }

  /** What is known of an open message's text. */
  of(id: EventId): string | undefined {
    return this.#texts.get(id)?.text;
  }

  /** Follows a durable event. */
  event(event: EventFrame): void {
    if ("erased" in event) return;
    const { type, data } = event;
    if (type === "message.created" && data.open === true) {
      this.#begin(event.id, data.text);
      setTimeout(() => this.#ask(event.id), lookAfterMs);
    } else if (type === "message.closed") {
      const { message_id, text, reason } = data;
      this.#texts.delete(message_id);
      this.#tell({ message_id, text, open: false, reason });
    } else if (type === "message.deleted") this.#texts.delete(data.message_id);
  }

  /** A page of the log that somebody read: what is open in it is followed from now on. */
  page(events: readonly EventFrame[]): void {
    const closed = new Set<EventId>();
    for (const event of events) {
      if (event.type === "message.closed" && "data" in event) closed.add(event.data.message_id);
    }
    for (const event of events) {
      if (event.type !== "message.created" || !("data" in event)) continue;
      const { id, data } = event;
      if (data.open !== true || closed.has(id) || this.#texts.has(id)) continue;
      this.#begin(id, data.text);
      this.#ask(id);
    }
  }

  appended({ message_id: id, at, text }: MessageAppendedEvent): void {
    const known = this.#texts.get(id) ?? (text === "" ? this.#begin(id, "") : undefined);
    if (known === undefined) return;
    const { length } = known.text;
    if (text === "") {
      if (at > length) this.#ask(id);
    } else if (at <= length) {
      known.text += text.slice(length - at);
      this.#grew(id, known, length);
    } else if (known.late !== undefined && known.late.at + known.late.text.length === at) {
      known.late.text += text;
    } else known.late = { at, text };
  }

  /** The line is up again: some may have been missed. */
  resume(): void {
    for (const id of this.#texts.keys()) this.#ask(id);
  }

  clear(): void {
    this.#texts.clear();
  }

  #begin(id: EventId, text: string): Text {
    const known = { text, late: undefined, isAsking: false };
    this.#texts.set(id, known);
    return known;
  }

  #ask(id: EventId): void {
    const known = this.#texts.get(id);
    if (known === undefined || known.isAsking) return;
    known.isAsking = true;
    const before = known.text.length;
    const asking = this.#link.request<"get_text">({
      type: "get_text",
      room: this.#room,
      message_id: id,
      from: before,
    });
    asking.then(
      ({ from, text, length, open }) => {
        known.isAsking = false;
        if (this.#texts.get(id) !== known) return;
        // Whole already: its event says the rest.
        if (open !== true) {
          this.#texts.delete(id);
          return;
        }
        if (from + text.length > known.text.length) known.text = known.text.slice(0, from) + text;
        this.#grew(id, known, before);
        if (text !== "" && known.text.length < length) this.#ask(id);
      },
      () => {
        // The server says again and again how much there is.
        known.isAsking = false;
      },
    );
  }

  #grew(id: EventId, known: Text, before: number): void {
    const { late } = known;
    if (late !== undefined && late.at <= known.text.length) {
      known.text += late.text.slice(known.text.length - late.at);
      known.late = undefined;
    }
    if (known.text.length === before) return;
    this.#tell({ message_id: id, text: known.text, open: true });
  }
}

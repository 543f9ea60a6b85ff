import type { EventFrame, Sequence } from "@parlance/protocol";
import { ProtocolError } from "@parlance/protocol";
import type { DocumentContent, Documents, RoomLog } from "./ports/index.ts";
import type { RoomRecord } from "./ports/room-log.ts";

/** Events and payload bytes of one page read to build a document. */
const pageEvents = 200;
const pageBytes = 4_194_304;
/** What is asked to wait where the room was closed meanwhile. */
const retryAfterMs = 100;

/** What a document needs to know of its room. */
export interface DocumentRoom {
  readonly record: Pick<RoomRecord, "room">;
  readonly epoch: RoomRecord["epoch"];
  readonly last: Sequence;
}

export interface DocumentContext {
  readonly log: Pick<RoomLog, "read">;
  readonly documents: Documents;
  /** A failure that nobody waits for. */
  onFailure(event: string, error: unknown): void;
}

/**
 * What a document says on this node: the fold of its room's log up to the last event that was delivered here. Read when
 * somebody first needs it, then carried on event by event, until the room is closed.
 */
export class RoomDocument {
  readonly #room: DocumentRoom;
  readonly #context: DocumentContext;
  #content: DocumentContent | undefined;
  #loading: Promise<DocumentContent> | undefined;
  #isClosed = false;

  constructor(room: DocumentRoom, context: DocumentContext) {
    this.#room = room;
    this.#context = context;
  }

  /** Bytes in memory. */
  get byteLength(): number {
    return this.#content?.byteLength ?? 0;
  }

  get isLoading(): boolean {
    return this.#loading !== undefined;
  }

  /**
   * Its content as of the room's last event; good until the next `await`.
   *
   * @throws StorageError; ProtocolError `unavailable` where the room was closed meanwhile.
   */
  async content(): Promise<DocumentContent> {
    while (this.#content === undefined) {
      this.#loading ??= this.#load().finally(() => {
        this.#loading = undefined;
      });
      await this.#loading;
    }
    return this.#content;
  }

  async #load(): Promise<DocumentContent> {
    const content = this.#context.documents.open(undefined);
    for (let at: Sequence = 0; at < this.#room.last; ) {
      const page = await this.#context.log.read({
        room: this.#room.record.room,
        after: at,
        upTo: this.#room.last,
        limit: pageEvents,
        maxBytes: pageBytes,
      });
      if (this.#isClosed || page === undefined || page.epoch !== this.#room.epoch) {
        throw new ProtocolError("unavailable", { retry_after_ms: retryAfterMs });
      }
      for (const { frame } of page.events) {
        this.#take(content, frame);
        at = frame.sequence;
      }
    }
    this.#content = content;
    return content;
  }

  /** The room's next event. */
  follow(frame: EventFrame): void {
    if (this.#content !== undefined) this.#take(this.#content, frame);
  }

  #take(content: DocumentContent, frame: EventFrame): void {
    if (frame.type !== "document.updated" || "erased" in frame) return;
    const update = this.#context.documents.toBytes(frame.data.update);
    // One event that is no good, by somebody's hand in the database, does not take the document away.
    if (update === undefined || !this.#context.documents.isUpdate(update)) {
      const place = `${this.#room.record.room} ${frame.sequence}`;
      this.#context.onFailure("document_update_unreadable", new Error(place));
    } else content.add(update);
  }

  close(): void {
    this.#isClosed = true;
    this.#content = undefined;
  }
}

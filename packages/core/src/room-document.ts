import type { EventFrame, Sequence } from "@parlance/protocol";
import { ProtocolError } from "@parlance/protocol";
import { statesToDrop } from "./document-history.ts";
import type {
  Clock,
  DocumentContent,
  DocumentStates,
  Documents,
  RoomLog,
  RoomRecord,
} from "./ports/index.ts";

/** Events and payload bytes of one page read to build a document. */
const pageEvents = 200;
const pageBytes = 4_194_304;
/** What is asked to wait where the room was closed meanwhile. */
const retryAfterMs = 100;
/** How often a document is read again that was compacted while it was read. */
const maxReads = 4;
/** After so many updates since the newest state, or bytes of them, a new one is stored. */
const mostUpdates = 500;
const mostBytes = 1_048_576;
/** With fewer one is stored so long after the first of them, so that the history has steps that people remember. */
const historyMs = 600_000;
/** How long updates are still read one by one after a state has them: readers that were away so long, or less, miss none. */
export const graceMs = 600_000;
/** What nobody read or wrote for so long, and a state has all of, is not kept in memory, though people may be in the room. */
const idleMs = 120_000;
const eraseEveryMs = 60_000;
/** An update that says nothing, as base64. No writer's is stored; in an import it stands for one that was erased. */
export const standInUpdate = "AAA=";
/** States looked at when a history is thinned. */
const mostListed = 1_000;

/** What a document needs to know of its room. */
export interface DocumentRoom {
  readonly record: Pick<RoomRecord, "room">;
  readonly epoch: RoomRecord["epoch"];
  readonly last: Sequence;
}

export interface DocumentContext {
  readonly log: Pick<RoomLog, "read">;
  readonly directory: DocumentStates;
  readonly clock: Clock;
  readonly documents: Documents;
  /** A failure that nobody waits for. */
  onFailure(event: string, error: unknown): void;
}

/**
 * What a document says on this node: the fold of its room's log up to the last event that was delivered here. Read from its newest
 * state when somebody needs it, then carried on event by event.
 */
export class RoomDocument {
  readonly #room: DocumentRoom;
  readonly #context: DocumentContext;
  #content: DocumentContent | undefined;
  #loading: Promise<void> | undefined;
  #isClosed = false;
  /** Sequence of the newest state that is known to be stored; 0: none. */
  #newest: Sequence = 0;
  /** Since that one. */
  #updates = 0;
  #bytes = 0;
  #firstAt = 0;
  #usedAt = 0;
  /** The newest state whose updates were erased. */
  #erasedTo: Sequence = 0;
  /** When it is looked for what may be erased; monotonic milliseconds. */
  #eraseAt = 0;
  #isKeepingUp = false;

  constructor(room: DocumentRoom, context: DocumentContext) {
    this.#room = room;
    this.#context = context;
  }

  /** Bytes in memory. */
  get byteLength(): number {
    return this.#content?.byteLength ?? 0;
  }

  /** Whether something is under way that the room has to be open for. */
  get isBusy(): boolean {
    return this.#loading !== undefined || this.#isKeepingUp;
  }

  /**
   * Looks at it as of the room's last event, whose sequence `look` gets. What `look` got is of no use to it afterwards.
   *
   * @throws StorageError; ProtocolError `unavailable` where the room was closed meanwhile.
   */
  async read<T>(look: (content: DocumentContent, sequence: Sequence) => T): Promise<T> {
    this.#usedAt = this.#context.clock.monotonic();
    for (;;) {
      if (this.#content !== undefined) return look(this.#content, this.#room.last);
      this.#loading ??= this.#load().finally(() => {
        this.#loading = undefined;
      });
      await this.#loading;
    }
  }

  async #load(): Promise<void> {
    for (let read = 0; read < maxReads; read += 1) {
      if (await this.#build()) return;
    }
    throw new ProtocolError("unavailable", { retry_after_ms: retryAfterMs });
  }

  /** @returns false where an update was erased that the state does not have: there is a newer one. */
  async #build(): Promise<boolean> {
    const { documents, directory, log } = this.#context;
    const { room } = this.#room.record;
    const stored = await directory.documentState(room);
    const content = documents.open(stored?.state);
    this.#began(stored?.sequence ?? 0);
    for (let at = this.#newest; at < this.#room.last; ) {
      const upTo = this.#room.last;
      const page = await log.read({
        room,
        after: at,
        upTo,
        limit: pageEvents,
        maxBytes: pageBytes,
      });
      if (this.#isClosed || page === undefined || page.epoch !== this.#room.epoch) {
        throw new ProtocolError("unavailable", { retry_after_ms: retryAfterMs });
      }
      for (const { frame } of page.events) {
        if (isLost(frame)) return false;
        this.#take(content, frame);
        at = frame.sequence;
      }
    }
    // In one step with the look at the room's last event: what comes now is followed.
    this.#content = content;
    return true;
  }

  #began(newest: Sequence): void {
    this.#newest = newest;
    this.#updates = 0;
    this.#bytes = 0;
  }

  /** A state was stored that has everything up to here. */
  stored(sequence: Sequence): void {
    if (sequence > this.#newest && sequence <= this.#room.last) this.#began(sequence);
  }

  /** The room's next event. */
  follow(frame: EventFrame): void {
    if (this.#content === undefined || frame.type !== "document.updated") return;
    // An import may put the state before the events that it has.
    if (frame.sequence <= this.#newest) return;
    // This node was behind for longer than updates are kept one by one.
    if (isLost(frame)) this.#content = undefined;
    else this.#take(this.#content, frame);
  }

  #take(content: DocumentContent, frame: EventFrame): void {
    if (frame.type !== "document.updated" || "erased" in frame) return;
    const update = this.#context.documents.toBytes(frame.data.update);
    // One event that is no good, by somebody's hand in the database, does not take the document away.
    if (update === undefined || !this.#context.documents.isUpdate(update)) {
      const place = `${this.#room.record.room} ${frame.sequence}`;
      this.#context.onFailure("document_update_unreadable", new Error(place));
      return;
    }
    content.add(update);
    if (this.#updates === 0) this.#firstAt = Date.parse(frame.time);
    this.#updates += 1;
    this.#bytes += update.length;
  }

  /** Stores a state where that is due, erases what has been in one for long, forgets what nobody uses. Never fails. */
  async keepUp(): Promise<void> {
    if (this.#isKeepingUp || this.#isClosed) return;
    this.#isKeepingUp = true;
    try {
      const { clock } = this.#context;
      if (this.#content !== undefined && this.#isDue(clock.now())) await this.#compact();
      if (this.#newest > this.#erasedTo) await this.#erase();
      const isIdle = clock.monotonic() - this.#usedAt > idleMs;
      if (isIdle && this.#updates === 0) this.#content = undefined;
    } catch (error) {
      this.#context.onFailure("document_upkeep_failed", error);
    } finally {
      this.#isKeepingUp = false;
    }
  }

  #isDue(now: number): boolean {
    if (this.#updates === 0) return false;
    const isMuch = this.#updates >= mostUpdates || this.#bytes >= mostBytes;
    return isMuch || now - this.#firstAt >= historyMs;
  }

  /* Nodes may do this at the same time: the first one's is stored, and each is the fold of the same log. */
  async #compact(): Promise<void> {
    const { clock, directory, documents } = this.#context;
    const { room } = this.#room.record;
    const sequence = this.#room.last;
    const content = this.#content;
    if (content === undefined) return;
    const whole = content.whole();
    const [known, updates, bytes] = [this.#newest, this.#updates, this.#bytes];
    const compacted = await documents.compact(whole);
    // Closed, read anew, or another node's state came meanwhile.
    if (this.#content !== content || this.#newest !== known) return;
    const now = clock.now();
    if (compacted === undefined) {
      this.#context.onFailure("document_not_compacted", new Error(`${room} ${sequence}`));
    } else if (this.#updates === updates) this.#content = documents.open(compacted);
    const state = compacted ?? whole;
    this.#newest = sequence;
    this.#updates -= updates;
    this.#bytes -= bytes;
    this.#firstAt = now;
    const stateNow = { sequence, time: now, state };
    const isStored = await directory.putDocumentState(room, stateNow, known);
    if (!isStored) return;
    const records = await directory.documentStates(room, undefined, mostListed);
    const dropped = statesToDrop(records, now);
    if (dropped.length > 0) await directory.dropDocumentStates(room, dropped);
  }

  async #erase(): Promise<void> {
    const { clock, directory } = this.#context;
    const { room } = this.#room.record;
    if (clock.monotonic() < this.#eraseAt) return;
    this.#eraseAt = clock.monotonic() + eraseEveryMs;
    const now = clock.now();
    const [newest] = await directory.documentStates(room, undefined, 1);
    await directory.eraseDocumentUpdates(room, now - graceMs, now);
    const isAll = newest !== undefined && newest.time <= now - graceMs;
    if (isAll) this.#erasedTo = newest.sequence;
  }

  close(): void {
    this.#isClosed = true;
    this.#content = undefined;
  }
}

/** Whether what an update said is only in a state. */
function isLost(frame: EventFrame): boolean {
  if (frame.type !== "document.updated") return false;
  return "erased" in frame || frame.data.update === standInUpdate;
}

/**
 * One room on this node, from the moment somebody needs it. It compares sequences - the next one passes, an
 * old one is dropped, a hole is filled from the log - and gives each event to every subscription once, in
 * order, encoded once per wire (life of a message, steps 8-10).
 */
import {
  applyRoomChanges,
  type EphemeralEvent,
  type Epoch,
  type EventFrame,
  type EventId,
  type NoticeEvent,
  type RoomId,
  type Sequence,
  type UserId,
} from "@parlance/protocol";
import { allows, needsRole, type Standing } from "./authorize.ts";
import { Awareness } from "./awareness.ts";
import { RoomCalls } from "./calls.ts";
import { CatchUp, tellIfMissed } from "./catch-up.ts";
import { Cursors } from "./cursors.ts";
import { DocumentWrites } from "./document-writes.ts";
import { ErasedTexts } from "./erased-texts.ts";
import { FanOut, type Whom } from "./fan-out.ts";
import type { Flusher } from "./flusher.ts";
import { payloadLength } from "./frames.ts";
import type { Happenings } from "./happenings.ts";
import { MarksTold } from "./marks-told.ts";
import { Pace } from "./pace.ts";
import type { People } from "./people.ts";
import type {
  Broker,
  Clock,
  CommandTrace,
  CommittedEvent,
  Directory,
  Documents,
  Identity,
  Ids,
  JoinedFact,
  Notice,
  RoomLog,
  RoomRecord,
} from "./ports/index.ts";
import { RoomPresence } from "./presence.ts";
import { RecentEvent, RecentEvents, type RecentPool } from "./recent-events.ts";
import { RoomBegins } from "./room-begins.ts";
import { RoomDocument } from "./room-document.ts";
import { RoomRoles } from "./room-roles.ts";
import type { Subscription } from "./subscription.ts";
import type { Tally } from "./tally.ts";
import { TypingTold } from "./typing-told.ts";

/** Events and payload bytes of one page read to fill a hole. */
const repairEvents = 200;
const repairBytes = 1_048_576;
/** How far from a read mark its message is looked for. */
const lookBackEvents = 32;
/** Wait before a failed read of the log is tried again. */
const retryReadMs = 500;
/** An event that says more is announced by its place only. */
const announcedLength = 8_192;

/** What a room needs of its node. */
export interface RoomContext {
  readonly log: RoomLog;
  readonly directory: Directory;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly ids: Pick<Ids, "event">;
  /** Absent where the node has no documents. */
  readonly documents?: Documents;
  readonly flusher: Flusher;
  readonly recentPool: RecentPool;
  readonly tally: Tally;
  readonly happenings: Happenings;
  readonly presenceFlushMs: number;
  readonly people: Pick<People, "shown">;
  readonly nodeId: string;
  /** A failure that nobody waits for. */
  onFailure(event: string, error: unknown): void;
  /** This node committed something in a room. Absent where nobody asks. */
  onCommitted?(room: RoomId): void;
  /** This node committed that somebody became a member. */
  onJoined(fact: JoinedFact): void;
  /** The room's log began a new life or is gone; it must be opened anew. */
  onLost(room: Room): void;
}

export class Room {
  /** As it is after the last event that was delivered. */
  record: RoomRecord;
  readonly presence: RoomPresence;
  readonly roles: RoomRoles;
  readonly begins: RoomBegins;
  readonly cursors: Cursors;
  readonly typing: TypingTold;
  readonly calls: RoomCalls;
  readonly awareness: Awareness;
  readonly pace: Pace;
  /** Of a document. */
  readonly document: RoomDocument | undefined;
  readonly documentWrites: DocumentWrites;
  /** Sequence of the last event given to this node's subscriptions. */
  last: Sequence;
  revision: number;
  countable: number;
  /** When somebody last needed it; monotonic milliseconds. */
  usedAt: number;
  readonly erasedTexts: ErasedTexts = new ErasedTexts();
  readonly #context: RoomContext;
  readonly #live: FanOut;
  readonly #behind: CatchUp;
  readonly #recent: RecentEvents;
  readonly #marks: MarksTold = new MarksTold();
  #announcements: CommittedEvent[] = [];
  /** What ends the steps of commands that are watched, once this turn's events are announced. */
  #watched: (() => void)[] = [];
  /** Before the first event that this turn brought. */
  #turnAfter: Sequence | undefined;
  #isMarked = false;
  #repair: Promise<void> | undefined;
  /** What `caughtUp` waits for, until it begins to read. */
  #next: Promise<void> | undefined;
  #isClosed = false;

  constructor(record: RoomRecord, context: RoomContext) {
    this.record = record;
    this.last = record.head;
    this.revision = record.revision;
    this.countable = record.countable;
    this.#context = context;
    this.#recent = new RecentEvents(context.recentPool);
    this.usedAt = context.clock.monotonic();
    this.presence = new RoomPresence(this, context);
    this.roles = new RoomRoles(this, context.directory);
    this.begins = new RoomBegins(this, context.directory);
    this.cursors = new Cursors(context.clock, (event) => this.signal(event));
    this.typing = new TypingTold(context.clock, (event) => this.deliverEphemeral(event));
    this.calls = new RoomCalls(this, context);
    this.awareness = new Awareness(this, context);
    this.pace = new Pace(this, context);
    const { documents } = context;
    const isDocument = record.kind === "document" && documents !== undefined;
    this.document = isDocument ? new RoomDocument(this, { ...context, documents }) : undefined;
    this.documentWrites = new DocumentWrites(this);
    this.#behind = new CatchUp(this, this.#recent, context);
    this.#live = new FanOut(
      (subscription, offset) => this.#behind.add(subscription, offset),
      context.tally,
    );
  }

  get epoch(): Epoch {
    return this.record.epoch;
  }

  /** Live and catching-up subscriptions. */
  get subscriptionCount(): number {
    return this.#live.size + this.#behind.size;
  }

  /** Whether it may be closed: nobody subscribes and nothing is under way. */
  get isIdle(): boolean {
    const isDone = this.documentWrites.isIdle && this.document?.isBusy !== true;
    return isDone && this.#repair === undefined && !this.#isMarked && this.subscriptionCount === 0;
  }

  *subscriptions(): Generator<Subscription> {
    yield* this.#behind;
    yield* this.#live;
  }

  close(): void {
    this.#isClosed = true;
    this.#recent.clear();
    this.document?.close();
    this.presence.close();
    this.cursors.close();
    this.typing.close();
    this.awareness.close();
  }

  // --- Events coming in -----------------------------------------------------------------------------

  /** An event that this node committed: delivered here and announced to the others. */
  committed(event: CommittedEvent, trace?: CommandTrace): void {
    if (trace !== undefined) {
      this.#watched.push(trace.step("announce"));
      this.#context.flusher.onceWritten(trace.step("deliver"));
    }
    this.#announcements.push(
      event.frame !== undefined && payloadLength(event.frame) > announcedLength
        ? { sequence: event.sequence, revision: event.revision, countable: event.countable }
        : event,
    );
    this.#mark();
    this.#accept(event);
    this.#tellJoined(event.frame);
    this.#context.onCommitted?.(this.record.room);
  }

  /** The new member's other connections, which do not listen to this room yet. */
  #tellJoined(frame: CommittedEvent["frame"]): void {
    if (frame === undefined || "erased" in frame || frame.type !== "member.joined") return;
    const position = { epoch: this.epoch, offset: frame.sequence };
    this.#context.onJoined({ user: frame.data.user, room: this.record.room, position });
  }

  /** What the broker brought. Anything may be lost, doubled, late or out of order. */
  hear(notice: Notice): void {
    switch (notice.type) {
      case "committed":
        if (notice.epoch !== this.epoch) {
          this.repair();
          return;
        }
        for (const event of notice.events) this.#accept(event);
        return;
      case "ephemeral":
        // Security: somebody may have been put out, which is on its way here. Whoever reads on gets the text from what is stored.
        if (notice.revision !== undefined && notice.revision > this.revision) this.repair();
        else this.#hearEphemeral(notice.event, notice);
        return;
      case "present":
        this.presence.heard(notice);
        for (const { id } of notice.users) this.calls.seen(id);
        return;
      case "who":
        this.presence.asked();
        this.awareness.asked();
        return;
      case "control":
      case "joined":
      case "ask":
      case "told":
      case "news":
      case "own":
      case "device":
        return;
    }
  }

  #hearEphemeral(event: EphemeralEvent, whom: Whom): void {
    const news = event.type === "document.awareness" ? this.awareness.heard(event) : event;
    if (news !== undefined) this.deliverEphemeral(news, whom);
  }

  #accept(event: CommittedEvent): void {
    if (event.sequence <= this.last) return;
    const { frame } = event;
    const isNext = event.sequence === this.last + 1;
    if (isNext && frame !== undefined && !this.erasedTexts.has(frame)) {
      this.revision = Math.max(this.revision, event.revision);
      this.countable = event.countable;
      this.#deliver(new RecentEvent(frame, this.epoch));
    } else this.repair();
  }

  /** Reads what is missing from the log and delivers it. One at a time; never fails. */
  repair(): void {
    if (this.#isClosed) return;
    if (this.#repair === undefined) this.#context.tally.repairs += 1;
    this.#repair ??= this.#readOn().then(
      () => {
        this.#repair = undefined;
      },
      (error: unknown) => {
        this.#context.onFailure("repair_failed", error);
        this.#context.clock.after(retryReadMs, () => {
          this.#repair = undefined;
          this.repair();
        });
      },
    );
  }

  /** Resolves when this node has delivered everything that was committed before the call. @throws StorageError */
  caughtUp(): Promise<void> {
    this.#next ??= this.#readAgain();
    return this.#next;
  }

  /* A repair under way may have read before the call, and a failed one has read nothing. */
  async #readAgain(): Promise<void> {
    await this.#repair;
    this.#next = undefined;
    await this.#readOn();
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const page = await this.#context.log.read({
        room: this.record.room,
        after: this.last,
        limit: repairEvents,
        maxBytes: repairBytes,
      });
      if (this.#isClosed) return;
      if (page === undefined || page.epoch !== this.epoch || page.floor > this.last) {
        this.#context.onLost(this);
        return;
      }
      for (const { frame, countable } of page.events) {
        if (frame.sequence !== this.last + 1) continue;
        // The page is older than the erasure: the next one has it.
        if (this.erasedTexts.has(frame)) break;
        this.countable = countable;
        this.#context.tally.repairedEvents += 1;
        this.#deliver(new RecentEvent(frame, this.epoch));
      }
      this.revision = Math.max(this.revision, page.revision);
      if (this.last >= page.head) return;
    }
  }

  #deliver(event: RecentEvent): void {
    const before = this.last;
    this.last = event.sequence;
    this.#turnAfter ??= before;
    this.#context.tally.delivered += 1;
    this.#followErasure(event.frame);
    const { history } = this.record.settings;
    this.#followSettings(event.frame);
    this.document?.follow(event.frame);
    // A payload was erased: what is kept here still has it.
    if (event.frame.type === "file.deleted") this.#recent.clear();
    this.#recent.add(event);
    this.#live.event(event, before);
    if ("erased" in event.frame) {
      for (const subscription of this.#live) tellIfMissed(subscription, event.frame);
    }
    this.#mark();
    this.#followMembership(event);
    // Reading begins elsewhere now, for everybody: they read the room anew.
    if (history === this.record.settings.history) return;
    this.endAll({ type: "reset", room: this.record.room, epoch: this.epoch });
  }

  /** The control log says that the payloads of these events are gone. */
  erased(sequences: readonly Sequence[]): void {
    this.erasedTexts.addSequences(sequences);
    this.#recent.clear();
  }

  #followErasure(frame: EventFrame): void {
    if (frame.type !== "message.deleted" || "erased" in frame) return;
    this.erasedTexts.addMessage(frame.data.message_id);
    this.#recent.clear();
  }

  #followSettings(frame: EventFrame): void {
    if ("erased" in frame) return;
    if (frame.type === "message.created") {
      this.pace.wrote(frame.author);
      this.typing.sent(frame.author, frame.data.thread);
    }
    if (frame.type !== "room.updated") return;
    const { editor_name: _, ...changes } = frame.data;
    const settings = applyRoomChanges(this.record.settings, changes);
    this.record = { ...this.record, settings, title: changes.title ?? this.record.title };
  }

  /* Security: without this, somebody who was put out of a private room would go on receiving until they
   * disconnect. The event that ends the membership is the last that they get. */
  #followMembership(event: RecentEvent): void {
    const { frame } = event;
    this.calls.follow(frame);
    if ("erased" in frame) {
      if (frame.type.startsWith("member.")) {
        this.roles.forget();
        this.begins.forgetAll();
      }
      return;
    }
    if ("user" in frame.data) this.begins.forget(frame.data.user);
    switch (frame.type) {
      case "member.joined":
      case "member.role_changed":
        this.roles.remember(frame.data.user, frame.data.role);
        return;
      case "member.left":
        this.roles.remember(frame.data.user, undefined);
        this.typing.ended(frame.data.user);
        this.#endReading(frame.data.user, undefined);
        return;
      case "member.banned":
        this.record = { ...this.record, hasBans: true };
        this.roles.remember(frame.data.user, "banned");
        this.typing.ended(frame.data.user);
        this.#endReading(frame.data.user, "banned");
        return;
      case "member.unbanned":
        this.roles.remember(frame.data.user, undefined);
        return;
      default:
    }
  }

  /** Ends the subscriptions of somebody who may not read any more. */
  #endReading(user: UserId, standing: Standing): void {
    if (standing === undefined && !needsRole("read", this.record.kind)) return;
    this.endTurn();
    const code = needsRole("read", this.record.kind) ? "not_found" : "forbidden";
    for (const subscription of [...this.subscriptions()]) {
      const { identity } = subscription.connection;
      if (identity?.user === user && !allows(identity, "read", this.record, standing)) {
        const notice = { type: "unsubscribed", room: this.record.room, code } as const;
        subscription.connection.endSubscription(subscription, notice);
      }
    }
  }

  // --- Subscriptions --------------------------------------------------------------------------------

  /** Adds a subscription that has everything up to `offset`; `floor <= offset <= last`. */
  add(subscription: Subscription, offset: Sequence): void {
    subscription.began = offset;
    if (offset === this.last && !subscription.isHeld) this.goLive(subscription);
    else this.#behind.add(subscription, offset);
    this.presence.came(subscription);
  }

  /**
   * Takes a subscription back to a place before its beginning: `catchUp` gives it what is between, in order, and nothing twice. What
   * came live meanwhile came before it.
   */
  rewind(subscription: Subscription, offset: Sequence): void {
    if (subscription.isLive) this.#live.remove(subscription);
    const upTo = subscription.isLive ? this.last : subscription.offset;
    this.#behind.remove(subscription);
    subscription.given = { after: subscription.began, upTo };
    this.#behind.add(subscription, offset);
  }

  /** For `CatchUp`. */
  goLive(subscription: Subscription): void {
    this.#live.add(subscription, this.last);
  }

  /** Takes it out. Nothing of the room is written to its connection afterwards. */
  remove(subscription: Subscription): void {
    subscription.isEnded = true;
    this.usedAt = this.#context.clock.monotonic();
    this.#behind.remove(subscription);
    this.#live.remove(subscription);
    this.presence.went(subscription);
    this.awareness.went(subscription.connection);
    this.calls.seen(subscription.connection.userId);
    this.#endTyping(subscription.connection.identity);
  }

  /** Whoever went does not write any more, unless by another connection. */
  #endTyping(identity: Identity | undefined): void {
    if (identity === undefined || this.#isClosed || !this.typing.isWriting(identity.user)) return;
    for (const { connection } of this.subscriptions()) {
      if (connection.userId === identity.user) return;
    }
    const { user, name, number } = identity;
    const place = this.typing.goes(user);
    if (place === undefined) return;
    const numbered = number === undefined ? {} : { number };
    const { room } = this.record;
    this.signal({ type: "typing", room, ...place, user, ...numbered, name, active: false });
  }

  /** Goes on with a subscription that is behind; does nothing for others. */
  catchUp(subscription: Subscription): void {
    this.#behind.serve(subscription);
  }

  /** The last sequence that was put into a subscription's outbox. */
  placeOf(subscription: Subscription): Sequence {
    return subscription.isLive ? this.#live.placeOf(subscription, this.last) : subscription.offset;
  }

  // --- Fan-out --------------------------------------------------------------------------------------

  #mark(): void {
    if (this.#isMarked) return;
    this.#isMarked = true;
    this.#context.flusher.markRoom(this);
  }

  /** Joins what this turn brought into one chunk per wire and queues it for every live subscription. */
  endTurn(): void {
    this.#isMarked = false;
    const reached = this.#live.endTurn();
    this.#remember(reached);
    const events = this.#announcements;
    if (events.length === 0) return;
    this.#announcements = [];
    this.#context.broker.publish(this.record.room, {
      type: "committed",
      epoch: this.epoch,
      events,
    });
    for (const ended of this.#watched.splice(0)) ended();
  }

  #remember(reached: number): void {
    const after = this.#turnAfter;
    if (after === undefined) return;
    this.#turnAfter = undefined;
    const { clock, happenings } = this.#context;
    happenings.delivered({
      room: this.record.room,
      epoch: this.epoch,
      from: after + 1,
      to: this.last,
      at: clock.now(),
      reached,
      behind: this.#behind.size,
    });
  }

  /** Tells others too: the room's people on every node, only one of them, or all connections but one. */
  signal(event: EphemeralEvent, whom: Whom = {}): void {
    const { revision } = this;
    const isText = event.type === "message.appended" || event.type === "whisper";
    const notice = { type: "ephemeral", event, ...whom, ...(isText ? { revision } : {}) } as const;
    this.#context.broker.publish(this.record.room, notice);
    this.deliverEphemeral(event, whom);
  }

  /** Tells the people on this node. */
  deliverEphemeral(event: EphemeralEvent, whom: Whom = {}): void {
    // Marks come from several nodes, and a broker may change their order: for whoever looks on they only grow (I-20).
    if (event.type === "typing") this.typing.heard(event);
    if (event.type === "read" && !this.#marks.rises(event.user, event.read_mark)) return;
    // First those that are behind: others may fall behind while they are told.
    if (event.type === "presence") this.#behind.presence(event);
    else this.#behind.ephemeral(event, whom);
    this.#live.ephemeral(event, this.last, whom);
  }

  /** The last message up to a place, if one is near: what a read mark stands for. @throws StorageError */
  async messageAt(sequence: Sequence): Promise<EventId | undefined> {
    const first = Math.max(0, sequence - lookBackEvents);
    for (let before = sequence - 1; before >= first; before -= 1) {
      const event = this.#recent.after(before);
      if (event === undefined) break;
      if (isMainLine(event.frame)) return event.frame.id;
    }
    const page = await this.#context.log.read({
      room: this.record.room,
      after: first,
      upTo: sequence,
      limit: lookBackEvents,
      maxBytes: repairBytes,
    });
    return page?.events.findLast(({ frame }) => isMainLine(frame))?.frame.id;
  }

  /** Place of the last message that is whole and not erased, if one is near the head. @throws StorageError */
  async lastWhole(): Promise<Sequence | undefined> {
    const { last } = this;
    const first = Math.max(0, last - repairEvents);
    for (let before = last - 1; before >= first; before -= 1) {
      const event = this.#recent.after(before);
      if (event === undefined) break;
      if (isWhole(event.frame)) return event.sequence;
    }
    const page = await this.#context.log.read({
      room: this.record.room,
      after: first,
      upTo: last,
      limit: repairEvents,
      maxBytes: repairBytes,
    });
    return page?.events.findLast(({ frame }) => isWhole(frame))?.frame.sequence;
  }

  /** Ends every subscription with a notice. */
  endAll(notice: NoticeEvent): void {
    this.endTurn();
    for (const subscription of [...this.subscriptions()]) {
      subscription.connection.endSubscription(subscription, notice);
    }
  }
}

function isWhole(frame: EventFrame): boolean {
  if ("erased" in frame) return false;
  if (frame.type === "message.created") return frame.data.open !== true;
  return frame.type === "message.closed";
}

/** What is in a thread has a mark of its own. */
function isMainLine(frame: EventFrame): boolean {
  if (frame.type !== "message.created") return false;
  return "erased" in frame || frame.data.thread === undefined;
}

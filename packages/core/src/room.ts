/**
 * One room on this node, from the moment somebody needs it. It compares sequences - the next one passes, an
 * old one is dropped, a hole is filled from the log - and gives each event to every subscription once, in
 * order, encoded once per wire (life of a message, steps 8-10).
 */
import type {
  EphemeralEvent,
  Epoch,
  NoticeEvent,
  Role,
  Sequence,
  UserId,
} from "@parlance/protocol";
import type { Flusher } from "./flusher.ts";
import { kinds } from "./kinds.ts";
import type {
  Broker,
  Bytes,
  Clock,
  CommittedEvent,
  Directory,
  LogPage,
  Notice,
  RoomLog,
  RoomRecord,
  Wire,
} from "./ports/index.ts";
import { RoomPresence } from "./presence.ts";
import { encode, RecentEvent, RecentEvents, type RecentPool } from "./recent-events.ts";
import type { Subscription } from "./subscription.ts";

/** A room with more live subscriptions than this is written after everything else, in slices. */
const bulkAudience = 256;
/** Bytes put into an outbox in one step while catching up. Small, so that slow readers show progress. */
const catchUpBytes = 16_384;
/** Events and payload bytes of one page read to fill a hole. */
const repairEvents = 200;
const repairBytes = 1_048_576;
/** Wait before a failed read of the log is tried again. */
const retryReadMs = 500;
/** Roles remembered per room. Over it all are forgotten: the next question asks the directory. */
const maxRoles = 10_000;
/** An event whose text is longer is announced by its place only. */
const announcedTextLength = 8_192;

/** What a room needs of its node. */
export interface RoomContext {
  readonly log: RoomLog;
  readonly directory: Directory;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly flusher: Flusher;
  readonly recentPool: RecentPool;
  readonly presenceFlushMs: number;
  readonly nodeId: string;
  /** A failure that nobody waits for. */
  onFailure(event: string, error: unknown): void;
  /** The room's log began a new life or is gone; it must be opened anew. */
  onLost(room: Room): void;
}

/** Live subscriptions that share a wire, and what they are to get at the end of this turn. */
interface Audience {
  readonly subscriptions: Set<Subscription>;
  pending: Bytes[];
  /** The room's place before the first of `pending`. */
  pendingAfter: Sequence;
}

export class Room {
  readonly record: RoomRecord;
  readonly presence: RoomPresence;
  /** Sequence of the last event given to this node's subscriptions. */
  last: Sequence;
  revision: number;
  countable: number;
  /** When somebody last needed it; monotonic milliseconds. */
  usedAt: number;
  readonly #context: RoomContext;
  readonly #audiences = new Map<Wire, Audience>();
  readonly #behind = new Set<Subscription>();
  readonly #recent: RecentEvents;
  readonly #roles = new Map<UserId, Role | undefined>();
  readonly #typingTold = new Map<UserId, number>();
  #announcements: CommittedEvent[] = [];
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
  }

  get epoch(): Epoch {
    return this.record.epoch;
  }

  /** Live and catching-up subscriptions. */
  get subscriptionCount(): number {
    let count = this.#behind.size;
    for (const audience of this.#audiences.values()) count += audience.subscriptions.size;
    return count;
  }

  /** Whether it may be closed: nobody subscribes and nothing is under way. */
  get isIdle(): boolean {
    return this.#repair === undefined && !this.#isMarked && this.subscriptionCount === 0;
  }

  *subscriptions(): Generator<Subscription> {
    yield* this.#behind;
    for (const audience of this.#audiences.values()) yield* audience.subscriptions;
  }

  close(): void {
    this.#isClosed = true;
    this.#recent.clear();
    this.presence.close();
  }

  // --- Events coming in -----------------------------------------------------------------------------

  /** An event that this node committed: delivered here and announced to the others. */
  committed(event: CommittedEvent): void {
    this.#announcements.push(
      event.frame !== undefined && textLength(event.frame) > announcedTextLength
        ? { sequence: event.sequence, revision: event.revision, countable: event.countable }
        : event,
    );
    this.#mark();
    this.#accept(event);
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
        this.deliverEphemeral(notice.event);
        return;
      case "present":
        this.presence.heard(notice.node, notice.users);
        return;
      case "control":
        return;
    }
  }

  #accept(event: CommittedEvent): void {
    if (event.sequence <= this.last) return;
    if (event.sequence === this.last + 1 && event.frame !== undefined) {
      this.revision = Math.max(this.revision, event.revision);
      this.countable = event.countable;
      this.#deliver(new RecentEvent(event.frame));
    } else this.repair();
  }

  /** Reads what is missing from the log and delivers it. One at a time; never fails. */
  repair(): void {
    if (this.#isClosed) return;
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
        this.countable = countable;
        this.#deliver(new RecentEvent(frame));
      }
      this.revision = Math.max(this.revision, page.revision);
      if (this.last >= page.head) return;
    }
  }

  #deliver(event: RecentEvent): void {
    const before = this.last;
    this.last = event.sequence;
    this.#recent.add(event);
    for (const [wire, audience] of this.#audiences) {
      const bytes = event.bytesFor(wire);
      if (bytes === undefined) continue;
      if (audience.pending.length === 0) audience.pendingAfter = before;
      audience.pending.push(bytes);
    }
    this.#mark();
    this.#followMembership(event);
  }

  /* Security: without this, somebody who was put out of a private room would go on receiving until they
   * disconnect. The event that ends the membership is the last that they get. */
  #followMembership(event: RecentEvent): void {
    const { frame } = event;
    if ("erased" in frame) {
      this.#roles.clear();
      return;
    }
    if (frame.type === "member.joined") this.#remember(frame.data.user, frame.data.role);
    if (frame.type !== "member.left") return;
    const { user } = frame.data;
    this.#remember(user, undefined);
    if (kinds[this.record.kind].read !== "members") return;
    this.endTurn();
    for (const subscription of [...this.subscriptions()]) {
      if (subscription.connection.userId === user) {
        subscription.connection.endSubscription(subscription, {
          type: "unsubscribed",
          room: this.record.room,
          code: "not_found",
        });
      }
    }
  }

  // --- Subscriptions --------------------------------------------------------------------------------

  /** Adds a subscription that has everything up to `offset`; `floor <= offset <= last`. */
  add(subscription: Subscription, offset: Sequence): void {
    if (offset === this.last) this.#goLive(subscription);
    else this.#fallBehind(subscription, offset);
    this.presence.came(subscription);
  }

  /** Takes it out. Nothing of the room is written to its connection afterwards. */
  remove(subscription: Subscription): void {
    subscription.isEnded = true;
    this.usedAt = this.#context.clock.monotonic();
    this.#behind.delete(subscription);
    const audience = this.#audiences.get(subscription.connection.wire);
    if (audience?.subscriptions.has(subscription) === true) {
      // A chunk ends wherever its receivers change: what is pending was for this one too.
      this.#endTurnOf(subscription.connection.wire, audience);
      audience.subscriptions.delete(subscription);
      if (audience.subscriptions.size === 0) this.#audiences.delete(subscription.connection.wire);
    }
    this.presence.went(subscription);
  }

  #goLive(subscription: Subscription): void {
    const { wire } = subscription.connection;
    let audience = this.#audiences.get(wire);
    if (audience === undefined) {
      audience = { subscriptions: new Set(), pending: [], pendingAfter: this.last };
      this.#audiences.set(wire, audience);
    }
    this.#endTurnOf(wire, audience);
    this.#behind.delete(subscription);
    subscription.offset = -1;
    audience.subscriptions.add(subscription);
  }

  #fallBehind(subscription: Subscription, offset: Sequence): void {
    subscription.offset = offset;
    this.#behind.add(subscription);
  }

  /**
   * Goes on with a subscription that is behind, as far as its connection takes it: from memory if the events
   * are still there, else from the log. Called when it was added and whenever its socket drained.
   */
  catchUp(subscription: Subscription): void {
    const { outbox, wire } = subscription.connection;
    while (!subscription.isEnded && !subscription.isLive && !subscription.isReading) {
      if (outbox.isLagging) return;
      if (subscription.offset >= this.last) {
        this.#goLive(subscription);
        return;
      }
      if (this.#recent.after(subscription.offset) === undefined) {
        this.#readFor(subscription);
        return;
      }
      const frames: Bytes[] = [];
      let bytes = 0;
      while (bytes < catchUpBytes) {
        const event = this.#recent.after(subscription.offset);
        if (event === undefined) break;
        const encoded = event.bytesFor(wire);
        subscription.offset = event.sequence;
        if (encoded === undefined) continue;
        frames.push(encoded);
        bytes += encoded.length;
      }
      pushAll(subscription, frames);
    }
  }

  #readFor(subscription: Subscription): void {
    subscription.isReading = true;
    this.#context.log
      .read({
        room: this.record.room,
        after: subscription.offset,
        upTo: this.last,
        limit: repairEvents,
        maxBytes: catchUpBytes,
      })
      .then(
        (page) => {
          subscription.isReading = false;
          if (subscription.isEnded || subscription.isLive) return;
          this.#giveRead(subscription, page);
          this.catchUp(subscription);
        },
        (error: unknown) => {
          this.#context.onFailure("catch_up_failed", error);
          this.#context.clock.after(retryReadMs, () => {
            subscription.isReading = false;
            this.catchUp(subscription);
          });
        },
      );
  }

  #giveRead(subscription: Subscription, page: LogPage | undefined): void {
    if (page === undefined || page.epoch !== this.epoch || page.floor > subscription.offset) {
      subscription.connection.endSubscription(subscription, {
        type: "reset",
        room: this.record.room,
        epoch: page?.epoch ?? this.epoch,
      });
      return;
    }
    const { wire } = subscription.connection;
    const frames: Bytes[] = [];
    for (const { frame } of page.events) {
      if (frame.sequence !== subscription.offset + 1) continue;
      const encoded = encode(wire, frame);
      subscription.offset = frame.sequence;
      if (encoded !== undefined) frames.push(encoded);
    }
    pushAll(subscription, frames);
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
    for (const [wire, audience] of this.#audiences) this.#endTurnOf(wire, audience);
    const events = this.#announcements;
    if (events.length === 0) return;
    this.#announcements = [];
    this.#context.broker.publish(this.record.room, {
      type: "committed",
      epoch: this.epoch,
      events,
    });
  }

  #endTurnOf(wire: Wire, audience: Audience): void {
    const { pending, pendingAfter, subscriptions } = audience;
    const first = pending[0];
    if (first === undefined) return;
    audience.pending = [];
    const chunk = pending.length === 1 ? first : wire.join(pending);
    const isBulk = subscriptions.size > bulkAudience;
    for (const subscription of subscriptions) {
      const { outbox } = subscription.connection;
      if (outbox.isLagging) {
        subscriptions.delete(subscription);
        this.#fallBehind(subscription, pendingAfter);
        subscription.connection.isBehind = true;
      } else outbox.push(chunk, isBulk);
    }
  }

  /** Tells others too: the room's people on every node. */
  signal(event: EphemeralEvent): void {
    this.#context.broker.publish(this.record.room, { type: "ephemeral", event });
    this.deliverEphemeral(event);
  }

  /**
   * Gives an ephemeral event to live subscriptions, but not to the one whom it is about. Those that lag or
   * catch up do without.
   */
  deliverEphemeral(event: EphemeralEvent): void {
    const about = event.type === "presence" ? undefined : event.user;
    for (const [wire, audience] of this.#audiences) {
      const bytes = encode(wire, event);
      if (bytes === undefined) continue;
      this.#endTurnOf(wire, audience);
      const isBulk = audience.subscriptions.size > bulkAudience;
      for (const subscription of audience.subscriptions) {
        const { connection } = subscription;
        if (connection.outbox.isLagging || connection.userId === about) continue;
        if (event.type === "presence" && !subscription.wantsPresence) continue;
        connection.outbox.push(bytes, isBulk);
      }
    }
  }

  /** Whether a person's typing may be told now; asking counts as telling. Forgets those who wrote long ago. */
  mayTellTyping(user: UserId, intervalMs: number): boolean {
    const now = this.#context.clock.monotonic();
    const told = this.#typingTold.get(user);
    if (told !== undefined && now - told < intervalMs) return false;
    // Re-inserted, so that the oldest are first.
    this.#typingTold.delete(user);
    this.#typingTold.set(user, now);
    for (const [other, at] of this.#typingTold) {
      if (now - at < intervalMs) break;
      this.#typingTold.delete(other);
    }
    return true;
  }

  /** Ends every subscription with a notice. */
  endAll(notice: NoticeEvent): void {
    this.endTurn();
    for (const subscription of [...this.subscriptions()]) {
      subscription.connection.endSubscription(subscription, notice);
    }
  }

  // --- Members --------------------------------------------------------------------------------------

  /**
   * A user's role here. From memory where it was asked before and no event changed it since; what another node
   * changed a moment ago is caught by the revision when something is appended.
   */
  role(user: UserId): Role | undefined | Promise<Role | undefined> {
    if (this.#roles.has(user)) return this.#roles.get(user);
    const asked = this.#lookUpRole(user);
    // Some only want to know whether it is known; for them a failed look-up must not be an unhandled one.
    asked.catch(() => {});
    return asked;
  }

  async #lookUpRole(user: UserId): Promise<Role | undefined> {
    for (;;) {
      const { revision } = this;
      const member = await this.#context.directory.member(this.record.room, user);
      // A membership event that passed meanwhile has the newer word.
      if (this.#roles.has(user)) return this.#roles.get(user);
      if (revision !== this.revision) continue;
      this.#remember(user, member?.role);
      return member?.role;
    }
  }

  #remember(user: UserId, role: Role | undefined): void {
    if (this.#roles.size >= maxRoles) this.#roles.clear();
    this.#roles.set(user, role);
  }

  /** Rights changed in a way that was not seen as an event yet: ask again. */
  forgetRoles(): void {
    this.#roles.clear();
  }
}

function pushAll(subscription: Subscription, frames: Bytes[]): void {
  const first = frames[0];
  if (first === undefined) return;
  const { outbox, wire } = subscription.connection;
  outbox.push(frames.length === 1 ? first : wire.join(frames));
}

function textLength(frame: NonNullable<CommittedEvent["frame"]>): number {
  if ("erased" in frame) return 0;
  return "text" in frame.data ? frame.data.text.length : 0;
}

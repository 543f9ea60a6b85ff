/** One live connection: its state, who it belongs to, its subscriptions, and how it speaks. */
import {
  type ClientMessageId,
  type ConnectionId,
  type DeviceId,
  type ErrorCode,
  errorRow,
  limits,
  type NoticeEvent,
  type OwnEvent,
  type Position,
  type PresenceEvent,
  ProtocolError,
  type Reply,
  type RoomId,
  type UserId,
} from "@parlance/protocol";
import { AppendOrder } from "./append-order.ts";
import { dispatch } from "./commands/index.ts";
import { type ConnectionState, endingOf, holdsOwn, refusalIn } from "./connection-rules.ts";
import { factsOf } from "./connection-view.ts";
import { endsIdentity } from "./control.ts";
import { asProtocolError } from "./failure.ts";
import type { Answer, Inlet, Peer } from "./gate.ts";
import { LifeSigns, lifeMark } from "./life-signs.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import type { Awaitable, Outcome } from "./outcome.ts";
import { KeptPlaces } from "./places.ts";
import type {
  CommandTrace,
  ControlFact,
  DeviceFact,
  Doing,
  Entry,
  Identity,
  Link,
  Payload,
  Task,
  Translator,
  VouchedUser,
  Wire,
} from "./ports/index.ts";
import { Progress } from "./progress.ts";
import { RateLimit } from "./rates/rate-limit.ts";
import type { Seat } from "./rates/rates.ts";
import { encode } from "./recent-events.ts";
import type { Room } from "./room.ts";
import type { Services } from "./services.ts";
import { SignedRooms } from "./signed-rooms.ts";
import type { Subscription } from "./subscription.ts";
import { add } from "./tally.ts";
import { backlogRetryMs, TaskOrder, type TaskOwner } from "./task-order.ts";
import { Verification } from "./verification.ts";

/** The page is left or loaded anew (RFC 6455 §7.4.1). */
const pageGone = 1001;
/** What a task counts in the backlog that no frame of the peer asked for. */
const ownTaskLength = 64;
/** Clocks of two nodes may differ so much; `parlance doctor` says when one is off by more. Milliseconds. */
const deviceMarginMs = 2_000;

export class Connection implements Inlet, Doing, OutboxOwner, TaskOwner {
  readonly connectionId: ConnectionId;
  readonly wire: Wire;
  readonly peer: Peer;
  readonly outbox: Outbox;
  readonly appendOrder: AppendOrder = new AppendOrder();
  /** Monotonic milliseconds. */
  readonly openedAt: number;
  /** 1, 2, 3 … of this node's connections since its start. */
  readonly number: number;
  /** Whom its last message was shown to be by, where nobody has shown to be it. */
  shownAs: UserId | undefined;
  /** How many names it brought that nobody here had gone by. */
  newNames = 0;
  /** Some subscription may be behind; looked at when the socket drains. */
  isBehind = false;
  /** Nobody uses its window; said by its client. */
  isIdle = false;
  device: DeviceId | undefined;
  /** When it signed in, by this node's clock. Milliseconds since 1970. */
  #deviceSince = 0;
  identity: Identity | undefined;
  /** What the application said of the handshake, once it was asked. */
  vouching: Promise<VouchedUser | undefined> | undefined;
  /** Settled when all that the application was asked about before is on its way; undefined where nothing is. */
  asking: Promise<void> | undefined;
  /** It came with a ticket, which is good for as long as it is open. */
  letGoOfTicket: (() => void) | undefined;
  /** Where this device is in its rooms, for dialects whose clients cannot say. */
  places: KeptPlaces | undefined;
  readonly #link: Link;
  readonly #translator: Translator;
  readonly #services: Services;
  readonly #rate: RateLimit;
  /** At the buckets of its user and network, once it is known whose it is. */
  #seat: Seat | undefined;
  readonly #subscriptions = new Map<RoomId, Subscription>();
  /** Undefined until something is to be known of them: most connections have none. */
  #signedRooms: SignedRooms | undefined;
  #awaitsSignIn = false;
  /** Undefined while no credential is being verified. */
  #verification: Verification | undefined;
  readonly #tasks: TaskOrder;
  #state: ConnectionState = "opening";
  #badFrames = 0;
  /** Length of the frame that is being translated; undefined between frames. */
  #inputLength: number | undefined;
  /** What changed of its user's own while a task's answer is made that may be older; undefined where none is. */
  #held: { readonly task: Task; readonly events: OwnEvent[] } | undefined;
  readonly #progress: Progress;
  /** Monotonic milliseconds. */
  #heardAt: number;
  #onIdle: (() => void) | undefined;
  /** Undefined until somebody asks. */
  #lifeSigns: LifeSigns | undefined;

  constructor(link: Link, wire: Wire, peer: Peer, services: Services) {
    const { clock, ids, settings, flusher } = services;
    this.connectionId = ids.connection();
    this.number = services.registry.nextNumber();
    this.wire = wire;
    this.peer = peer;
    this.#link = link;
    this.#services = services;
    this.#translator = wire.dialect.begin();
    this.#tasks = new TaskOrder(this, services);
    this.outbox = new Outbox(this, link, wire, flusher, settings.outboxBytes);
    this.#rate = new RateLimit(clock, settings.commandsPerSecond, settings.commandBurst);
    this.openedAt = clock.monotonic();
    this.#progress = new Progress(this.openedAt);
    this.#heardAt = this.openedAt;
  }

  /** Whose connection it is. Asked only after `sign_in`; before, an id that nobody has. */
  get userId(): UserId {
    return this.identity?.user ?? ("" as UserId);
  }

  /** For `TaskOrder`. */
  get via(): string {
    return this.wire.dialect.name;
  }

  /** When its peer last gave a sign of life. Monotonic milliseconds. */
  get heardAt(): number {
    return this.#heardAt;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  get isDraining(): boolean {
    return this.#state === "draining";
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  subscription(room: RoomId): Subscription | undefined {
    return this.#subscriptions.get(room);
  }

  /** Whether the application signed for it in a room. */
  isGranted(room: RoomId): boolean {
    return this.#signedRooms?.has(room) === true;
  }

  /** The subscription did not come about. */
  endGrant(room: RoomId): void {
    if (!this.#subscriptions.has(room)) this.#signedRooms?.end(room);
  }

  get signedRooms(): SignedRooms {
    this.#signedRooms ??= new SignedRooms(this.#services.clock);
    return this.#signedRooms;
  }

  /** It is nobody's and may be somebody's in a moment. */
  get awaitsSignIn(): boolean {
    return this.#awaitsSignIn;
  }

  /** Holds what is subscribed until it is known whose it is, at most so long. */
  awaitSignIn(ms: number): void {
    this.#awaitsSignIn = true;
    this.after(ms, () => this.#endWait());
  }

  #endWait(): void {
    if (!this.#awaitsSignIn) return;
    // It may be saying so just now.
    if (!this.#tasks.isIdle) {
      this.awaitSignIn(backlogRetryMs);
      return;
    }
    this.#awaitsSignIn = false;
    for (const subscription of this.#subscriptions.values()) {
      if (!subscription.isHeld) continue;
      subscription.isHeld = false;
      subscription.room.catchUp(subscription);
    }
  }

  keep(subscription: Subscription): void {
    this.#subscriptions.set(subscription.room.record.room, subscription);
  }

  // --- Input ----------------------------------------------------------------------------------------

  /** To be called once, when the connection is in the registry. */
  opened(): void {
    this.#translator.opened?.(this);
  }

  heard(): void {
    this.#heardAt = this.#services.clock.monotonic();
  }

  receive(frame: Payload): void {
    if (this.#state === "closed") return;
    this.heard();
    this.#services.tally.receivedFrames += 1;
    const badFrames = this.#badFrames;
    this.#inputLength = frame.length;
    if (typeof frame === "string") this.#translator.received(frame, this);
    else this.#translator.receivedBytes?.(frame, this);
    this.#inputLength = undefined;
    if (this.#badFrames === badFrames) this.#badFrames = 0;
  }

  perform(task: Task, answer: Answer, length: number = ownTaskLength): void {
    if (this.#state === "closed") {
      answer.failed(new ProtocolError("unavailable", { retry_after_ms: backlogRetryMs }));
      return;
    }
    this.#badFrames = 0;
    this.#takeInput(task, answer, length);
  }

  async keepPlaces(device: DeviceId): Promise<ReadonlyMap<RoomId, Position>> {
    const { identity } = this;
    if (identity === undefined || identity.isAnonymous === true) return new Map();
    const { devicePlaces } = this.#services;
    const before = await devicePlaces.of(identity.user, device);
    this.places = new KeptPlaces(identity.user, device, before, devicePlaces);
    return before;
  }

  /** Its user became a member of a room, here or elsewhere. */
  joined(room: RoomId, position: Position): void {
    if (this.#state === "ready") this.#translator.joined?.(room, position, this);
  }

  /** Its user goes by this name now. */
  called(name: string): void {
    if (this.identity !== undefined) this.identity = { ...this.identity, name };
  }

  /** Those that it is subscribed to. */
  rooms(): Room[] {
    return Array.from(this.#subscriptions.values(), ({ room }) => room);
  }

  /** Something of its user's own changed, here or elsewhere. */
  own(event: OwnEvent): void {
    if (this.#state !== "ready") return;
    if (this.#held !== undefined) {
      this.#held.events.push(event);
      return;
    }
    const payload = this.wire.dialect.encodeOwn?.(event);
    if (payload !== undefined) this.outbox.push(this.wire.frame(payload));
  }

  #tellHeld(task: Task): void {
    if (this.#held?.task !== task) return;
    const { events } = this.#held;
    this.#held = undefined;
    for (const event of events) this.own(event);
  }

  run(task: Exclude<Task, Entry>): void {
    this.#takeOwn(task);
  }

  enter(entry: Entry): void {
    this.#takeOwn(entry);
  }

  #takeOwn(task: Task): void {
    if (this.#state === "closed") return;
    const length = this.#inputLength;
    if (length === undefined) this.#tasks.takeFollowUp(task);
    else this.#takeInput(task, undefined, length);
  }

  /** What the peer asks for counts against its rate. */
  #takeInput(task: Task, answer: Answer | undefined, length: number): void {
    const waitMs = this.#rate.take();
    if (waitMs === 0) this.#tasks.take(task, answer, length);
    else {
      const details = { retry_after_ms: waitMs };
      this.tellFailure(task, answer, new ProtocolError("rate_limited", details));
    }
  }

  badFrame(): void {
    this.#services.tally.badFrames += 1;
    this.#badFrames += 1;
    if (this.#badFrames >= limits.badFramesInARow) this.end("too_many_bad_frames");
  }

  newMessageId(): ClientMessageId {
    return this.#services.ids.event() as string as ClientMessageId;
  }

  placeIn(room: RoomId): Position | undefined {
    return this.places?.before(room);
  }

  forgetPlace(room: RoomId): void {
    this.places?.forget(room);
  }

  get url(): string {
    return this.peer.url ?? this.peer.handshake?.url ?? "";
  }

  after(ms: number, run: () => void): void {
    this.#services.clock.after(ms, () => {
      if (this.#state !== "closed") run();
    });
  }

  get now(): number {
    return this.#services.clock.now();
  }

  /** The node knows the present again after a sleep: what came meanwhile is done now. */
  awoke(): void {
    this.#tasks.goOn();
  }

  // --- Tasks ----------------------------------------------------------------------------------------

  /** For `TaskOrder`. */
  refusal(task: Task): ProtocolError | undefined {
    return refusalIn(this.#state, task);
  }

  /** For `TaskOrder`. */
  begin(task: Task, trace: CommandTrace | undefined): Awaitable<Outcome> {
    if (holdsOwn(task)) this.#held = { task, events: [] };
    const counted = this.#seat?.take(task);
    if (counted === undefined) return dispatch(this.#services, this, task, trace);
    return counted.then(() => dispatch(this.#services, this, task, trace));
  }

  /** For `TaskOrder`. */
  idle(): void {
    this.#onIdle?.();
  }

  /** For `TaskOrder`. */
  tell(task: Task, answer: Answer | undefined, reply: Reply): void {
    if (answer !== undefined) answer.done(reply);
    else if (task.type !== "enter") this.#translator.replied(task, reply, this);
    else if (this.identity !== undefined) this.#translator.entered?.(this.identity, this);
    this.#tellHeld(task);
  }

  /** For `TaskOrder`. */
  tellFailure(task: Task, answer: Answer | undefined, error: ProtocolError): void {
    this.#services.tally.error(error.code);
    if (answer === undefined) this.#translator.refused(task, error, this);
    else answer.failed(error);
    this.#tellHeld(task);
  }

  /** For `TaskOrder`. */
  fail(task: Task, answer: Answer | undefined, thrown: unknown): ProtocolError {
    const fields = { ...this.#fields(), command: task.type };
    const error = asProtocolError(thrown, this.#services.report, fields);
    this.tellFailure(task, answer, error);
    this.#services.moments?.failed(factsOf(this), error);
    const ending = endingOf(task, error.code);
    if (ending !== undefined) this.end(ending);
    return error;
  }

  // --- Output ---------------------------------------------------------------------------------------

  send(payload: Payload): void {
    this.outbox.push(this.wire.frame(payload));
  }

  /** Presence in this dialect's own way. @returns false if it has none, and gets what everybody gets. */
  hearPresence(event: PresenceEvent): boolean {
    if (this.#translator.heardPresence === undefined) return false;
    this.#translator.heardPresence(event, this);
    return true;
  }

  /** An update of a document was erased before it was given here. */
  missed(room: RoomId): void {
    this.#translator.missed?.(room, this);
  }

  /** Tells something about the connection itself. */
  notify(notice: NoticeEvent): void {
    if (this.#translator.noticed !== undefined) {
      this.#translator.noticed(notice, this);
      return;
    }
    const bytes = encode(this.wire, notice);
    if (bytes !== undefined) this.outbox.push(bytes);
    this.#link.told?.(notice);
  }

  drained(): void {
    this.outbox.recover();
  }

  flushed(): void {
    this.places?.flushed(this.#link, this.#subscriptions.values());
  }

  confirmed(mark: number): void {
    if (mark === lifeMark) this.#lifeSigns?.tell(true);
    else this.places?.confirmed(mark);
  }

  /** Whether the peer answers within `timeoutMs`, behind everything written so far. */
  answers(timeoutMs: number): Promise<boolean> {
    if (this.isClosed) return Promise.resolve(false);
    this.#lifeSigns ??= new LifeSigns(this.#link, this.#services.clock);
    return this.#lifeSigns.ask(timeoutMs);
  }

  recovered(): void {
    if (!this.isBehind) return;
    this.isBehind = false;
    for (const subscription of this.#subscriptions.values()) {
      if (!subscription.isLive) {
        this.isBehind = true;
        subscription.room.catchUp(subscription);
      }
    }
  }

  // --- End ------------------------------------------------------------------------------------------

  /** Ends one subscription and says why. Nothing of the room follows. */
  endSubscription(subscription: Subscription, notice?: NoticeEvent): void {
    const { room } = subscription.room.record;
    if (this.#subscriptions.get(room) !== subscription) return;
    this.#subscriptions.delete(room);
    subscription.room.remove(subscription);
    // A room that began a new life is read on.
    if (notice?.type !== "reset") this.#signedRooms?.end(room);
    if (notice?.type === "unsubscribed") this.signedRooms.withdraw(room);
    if (notice !== undefined) this.notify(notice);
  }

  /** Closes for a reason of the error table: what is queued goes out first, then the close code. */
  end(code: ErrorCode): void {
    if (this.#state === "closed") return;
    const farewell = this.wire.dialect.farewell?.(code);
    if (farewell !== undefined) this.send(farewell);
    this.#letGo();
    this.outbox.flush();
    const own = this.wire.dialect.closeCode?.(code);
    this.#link.close(own ?? errorRow(code).close ?? 1008, code);
    this.#reportClosed({ reason: code });
  }

  /* Security: what was queued for somebody whose right to be here is over is not sent any more (F-C5). */
  /** Closes because the identity ended: expired, revoked, disabled. Nothing queued goes out. */
  revoke(code: "unauthenticated" | "token_expired"): void {
    this.outbox.close();
    this.end(code);
  }

  /** Ends at once, without a closing handshake that would wait behind everything unread. */
  terminate(reason: ErrorCode | "shutdown"): void {
    if (this.#state === "closed") return;
    this.#letGo();
    this.#link.terminate();
    this.#reportClosed({ reason });
  }

  closed(code: number): void {
    if (this.#state === "closed") return;
    const wasAnnounced = code === 1000 || code === pageGone || code === 1005;
    if (code === pageGone && this.wire.dialect.endsWithPage === true) this.places?.forgetAll();
    else if (wasAnnounced && this.outbox.unsentBytes === 0) {
      this.places?.written(this.#subscriptions.values());
    }
    // Its client may be on its way to another node.
    if (this.places !== undefined) void this.#services.devicePlaces.flush();
    this.#letGo();
    this.#reportClosed({ code });
  }

  #letGo(): void {
    this.#state = "closed";
    this.#tasks.drop();
    for (const subscription of [...this.#subscriptions.values()]) {
      subscription.room.remove(subscription);
    }
    this.#subscriptions.clear();
    this.#services.registry.remove(this);
    this.#services.people.moved(this.userId);
    this.#lifeSigns?.tell(false);
    this.letGoOfTicket?.();
    this.#onIdle?.();
  }

  #reportClosed(fields: Readonly<Record<string, unknown>>): void {
    this.outbox.close();
    const { reason } = fields;
    add(this.#services.tally.closed, typeof reason === "string" ? reason : "left");
    this.#services.report("info", "connection_closed", { ...this.#fields(), ...fields });
    this.#services.moments?.closed(factsOf(this), String(fields["reason"] ?? fields["code"]));
  }

  #fields(): Record<string, unknown> {
    return {
      connection_id: this.connectionId,
      dialect: this.wire.dialect.name,
      ...(this.identity === undefined ? {} : { user_id: this.identity.user }),
    };
  }

  // --- Life -----------------------------------------------------------------------------------------

  /** A credential is being verified: from now on what ends identities is remembered until `accept`. */
  beginVerifying(): void {
    this.#verification = new Verification();
  }

  /** The credential was refused. */
  endVerifying(): void {
    this.#verification = undefined;
  }

  /** Takes the identity that was verified. @throws ProtocolError `unauthenticated` if it ended meanwhile. */
  accept(identity: Identity): void {
    const verification = this.#verification;
    this.#verification = undefined;
    verification?.check(identity);
    this.identity = identity;
  }

  /** What the control log says about identities. */
  hear(fact: ControlFact): void {
    this.#verification?.hear(fact);
    if (this.identity !== undefined && endsIdentity(fact, this.identity)) {
      this.revoke("unauthenticated");
    }
  }

  /** Sets whose connection it is, once. @throws ProtocolError as `accept`. */
  become(identity: Identity, device: DeviceId | undefined): void {
    const { registry, report } = this.#services;
    const wasSomebody = this.identity !== undefined;
    if (wasSomebody) {
      registry.unbind(this);
      for (const subscription of [...this.#subscriptions.values()]) {
        this.endSubscription(subscription);
      }
    }
    this.accept(identity);
    this.#takeDevice(identity.user, device);
    this.#seat = this.#services.rates.seat({
      identity,
      dialect: this.wire.dialect.name,
      address: this.peer.address,
      connection: this.connectionId,
    });
    this.#state = "ready";
    registry.bind(this, identity.user);
    this.#services.people.moved(identity.user);
    report("info", "signed_in", this.#fields());
  }

  /**
   * As `become`, of a nobody that reads on. What its device missed in the rooms that it reads is given to it behind what it has,
   * which is nothing where they are held.
   *
   * @param mayRead Whether the one whom it becomes may read a room.
   * @returns what has something to catch up with.
   */
  becomeKnown(
    identity: Identity,
    places: KeptPlaces | undefined,
    mayRead: (room: Room) => boolean,
  ): readonly Subscription[] {
    const subscriptions = [...this.#subscriptions.values()];
    for (const { room } of subscriptions) room.endTurn();
    this.#verification?.check(identity);
    for (const subscription of subscriptions) subscription.room.presence.went(subscription);
    this.#subscriptions.clear();
    try {
      this.become(identity, undefined);
    } finally {
      for (const subscription of subscriptions) {
        this.keep(subscription);
        subscription.room.presence.came(subscription);
      }
    }
    this.places = places;
    this.#awaitsSignIn = false;
    return subscriptions.filter((subscription) => {
      const wasHeld = subscription.isHeld;
      subscription.isHeld = false;
      const { room } = subscription;
      const { record } = room;
      if (!mayRead(room)) {
        const notice = { type: "unsubscribed", room: record.room, code: "not_found" } as const;
        this.endSubscription(subscription, notice);
        return false;
      }
      const before = places?.before(record.room);
      const now = room.placeOf(subscription);
      if (before === undefined) {
        places?.began(record.room, { epoch: room.epoch, offset: now });
        return wasHeld;
      }
      if (before.epoch !== room.epoch || before.offset < subscription.floor) {
        this.endSubscription(subscription, { type: "reset", room: record.room, epoch: room.epoch });
        return false;
      }
      if (before.offset >= subscription.began) return wasHeld;
      room.rewind(subscription, before.offset);
      return true;
    });
  }

  /** The device's older connections end, wherever they are. */
  #takeDevice(user: UserId, device: DeviceId | undefined): void {
    const { broker, clock, registry } = this.#services;
    this.device = device;
    if (device === undefined) return;
    registry.ofDevice(user, device)?.end("replaced");
    this.#deviceSince = clock.now();
    broker.publish("control", {
      type: "device",
      fact: { user, device, since: this.#deviceSince },
    });
  }

  /**
   * The device has signed in on another node. Notices come late and clocks differ, and who is replaced gives up for good: so only
   * what is surely older ends. Another one ends by its heartbeat, if nobody is there.
   */
  hearDevice({ device, since }: DeviceFact): void {
    if (this.device !== device || this.#deviceSince + deviceMarginMs > since) return;
    this.end("replaced");
  }

  /** Refuses new commands and resolves when those under way are answered. */
  async finish(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "draining";
    if (this.#tasks.isIdle) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Once a second: what has run out, and whether the peer still takes anything. */
  check(): void {
    const { clock, settings } = this.#services;
    const now = clock.monotonic();
    if (this.#state === "opening") {
      if (now - this.openedAt >= settings.signInTimeoutMs) {
        this.end("sign_in_timeout");
        return;
      }
      this.#translator.waiting?.(this);
    }
    const expiresAt = this.identity?.expiresAt;
    if (expiresAt !== undefined && clock.now() >= expiresAt) {
      this.revoke("token_expired");
      return;
    }
    // What waits here is not on its way yet, and a probe would pass it.
    if (this.outbox.bytes === 0) this.places?.tick(this.#link, this.#subscriptions.values());
    const stalledMs = this.#progress.stalledMs(this.outbox.unsentBytes, now);
    if (stalledMs >= settings.stallTimeoutMs) this.terminate("slow_consumer");
  }
}

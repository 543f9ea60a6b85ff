/**
 * A client as the protocol's document asks for it: resumes by position, resends what is outstanding first and in
 * order, waits where it is told to wait. It tells the checker everything that it sends and is told.
 */
import type {
  ClientMessageId,
  Epoch,
  ErrorFrame,
  EventFrame,
  HistoryPage,
  Published,
  Resumed,
  RoomId,
  Sequence,
  ServerFrame,
  Subscribed,
  UserId,
  WireError,
} from "@parlance/protocol";
import type { Checker } from "./checker.ts";
import type { Intent } from "./intent.ts";
import type { LinkCredential, LinkPeer, SimLink } from "./link.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { LineReader } from "./wire.ts";

/** What a client is made of. */
export interface ClientOptions {
  readonly name: string;
  readonly user: UserId;
  /** Messages of one room on their way at once. */
  readonly pipeline: number;
  /** Mutant: makes another client message id for each attempt. */
  readonly forgetsIds: boolean;
}

/** What it finds outside. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly checker: Checker;
  /** A new link to some node, or undefined where nobody listens. */
  dial(client: ModelClient): SimLink | undefined;
  /** A token to sign in or refresh with; undefined where this client gets none any more. */
  issueToken(client: ModelClient): (LinkCredential & { readonly token: string }) | undefined;
}

interface RoomState {
  readonly room: RoomId;
  position: { readonly epoch: Epoch; offset: Sequence } | undefined;
  isLive: boolean;
  isAsking: boolean;
  readonly outstanding: Intent[];
  isHeld: boolean;
  meant: number;
  /** The last message that was acknowledged. */
  answered: Intent | undefined;
}

type Answer = Extract<ServerFrame, { type: "reply" | "error" }>;

/** Silence after which the client asks, and after which it gives up on its link, in milliseconds. */
const askMs = 2_000;
const giveUpMs = 4_000;

export class ModelClient implements LinkPeer {
  readonly name: string;
  readonly user: UserId;
  readRate: number = Number.POSITIVE_INFINITY;
  /** Its identity is over: it stays away. */
  isOver = false;
  readonly #options: ClientOptions;
  readonly #outside: Surroundings;
  readonly #rooms = new Map<RoomId, RoomState>();
  #link: SimLink | undefined;
  #isOnline = false;
  #reader = new LineReader();
  #pending = new Map<number, (answer: Answer) => void>();
  #lastId = 0;
  #heardAt = 0;

  constructor(options: ClientOptions, outside: Surroundings) {
    this.name = options.name;
    this.user = options.user;
    this.#options = options;
    this.#outside = outside;
    this.#watch();
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  get link(): SimLink | undefined {
    return this.#link;
  }

  /** Rooms that it reads. */
  get rooms(): readonly RoomId[] {
    return [...this.#rooms.keys()];
  }

  /** Messages without a final answer. */
  get outstanding(): number {
    let count = 0;
    for (const state of this.#rooms.values()) count += state.outstanding.length;
    return count;
  }

  isLiveIn(room: RoomId): boolean {
    return this.#rooms.get(room)?.isLive === true;
  }

  // --- Link -------------------------------------------------------------------------------------------

  connect(): void {
    if (this.#link !== undefined || this.isOver) return;
    const credential = this.#outside.issueToken(this);
    if (credential === undefined) {
      this.isOver = true;
      return;
    }
    const link = this.#outside.dial(this);
    if (link === undefined) return this.#comeBack();
    this.#link = link;
    this.#reader = new LineReader();
    this.#pending = new Map();
    this.#heardAt = this.#outside.scheduler.now;
    link.credential = credential;
    const command = { type: "sign_in", token: credential.token, device_id: `d.${this.name}` };
    this.ask(command, (answer) => {
      if (answer.type === "reply") this.#cameOnline();
      else if (answer.retry !== "after_auth") this.hangUp(0);
    });
  }

  /** Ends the link from this side; the node notices later. */
  hangUp(noticedAfterMs: number): void {
    this.#link?.cut(noticedAfterMs);
  }

  /** Gets another token and prolongs its identity on the link. */
  refresh(): void {
    const link = this.#link;
    if (link === undefined || !this.#isOnline || link.credential === undefined) return;
    const next = this.#outside.issueToken(this);
    if (next === undefined) return;
    link.credential.expiresAt = Math.max(link.credential.expiresAt, next.expiresAt);
    this.ask({ type: "refresh", token: next.token }, () => {});
  }

  ended(link: SimLink, code: number): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    this.#isOnline = false;
    for (const state of this.#rooms.values()) {
      state.isLive = false;
      state.isAsking = false;
      state.isHeld = false;
      for (const intent of state.outstanding) intent.isSent = false;
    }
    if (code >= 4500 && code < 5000) this.isOver = true;
    this.#outside.scheduler.mark(`${this.name} ended ${code}`);
    this.#comeBack();
  }

  #comeBack(): void {
    const { scheduler, random } = this.#outside;
    scheduler.after(random.between(20, 600), `${this.name} reconnects`, () => this.connect());
  }

  #watch(): void {
    const { scheduler } = this.#outside;
    scheduler.after(500, `${this.name} watch`, () => {
      const silentMs = scheduler.now - this.#heardAt;
      if (this.#link !== undefined && this.readRate > 0) {
        if (silentMs > giveUpMs) this.hangUp(this.#outside.random.between(0, 3_000));
        else if (silentMs > askMs && this.#pending.size === 0) this.ask({ type: "ping" }, () => {});
      }
      this.#watch();
    });
  }

  /** Sends one command; its answer comes unless the link ends first. */
  ask(command: Readonly<Record<string, unknown>>, answered: (answer: Answer) => void): void {
    this.#lastId += 1;
    this.#pending.set(this.#lastId, answered);
    this.#link?.send(JSON.stringify({ ...command, id: this.#lastId }));
  }

  received(link: SimLink, bytes: Uint8Array): void {
    if (link !== this.#link) return;
    this.#heardAt = this.#outside.scheduler.now;
    for (const line of this.#reader.push(bytes)) {
      this.#outside.scheduler.mark(`${this.name} < ${line}`);
      this.#frame(JSON.parse(line) as ServerFrame);
    }
  }

  #frame(frame: ServerFrame): void {
    if (frame.type === "reply" || frame.type === "error") {
      const answered = this.#pending.get(Number(frame.id));
      this.#pending.delete(Number(frame.id));
      if (answered === undefined)
        this.#odd(`answer that nobody waits for: ${JSON.stringify(frame)}`);
      else answered(frame);
      if (frame.type === "error" && frame.code === "internal") this.#odd("internal error");
    } else if ("sequence" in frame) this.#event(frame);
    else if (frame.type === "reset") this.#reset(frame.room);
    else if (frame.type === "unsubscribed") this.#unsubscribed(frame.room);
  }

  #odd(text: string): void {
    this.#outside.checker.violate("bug", `${this.name}: ${text}`);
  }

  // --- Reading ----------------------------------------------------------------------------------------

  /** Begins to read a room, and comes back to it after every reconnect. */
  read(room: RoomId): void {
    this.#state(room);
    if (this.#isOnline) this.#subscribe(room);
  }

  #state(room: RoomId): RoomState {
    let state = this.#rooms.get(room);
    if (state === undefined) {
      const none = { position: undefined, isLive: false, isAsking: false, isHeld: false };
      state = { room, ...none, outstanding: [], meant: 0, answered: undefined };
      this.#rooms.set(room, state);
    }
    return state;
  }

  #cameOnline(): void {
    this.#isOnline = true;
    const { random } = this.#outside;
    const isSendingFirst = random.chance(0.3);
    if (isSendingFirst) this.#sendAll();
    const known = [...this.#rooms.values()].filter((state) => state.position !== undefined);
    if (known.length > 0 && random.chance(0.6)) this.#resume(known);
    for (const state of this.#rooms.values()) if (!state.isAsking) this.#subscribe(state.room);
    if (!isSendingFirst) this.#sendAll();
  }

  #resume(states: readonly RoomState[]): void {
    const wanted = states.map((state) => ({ state, position: copyOf(state.position) }));
    for (const state of states) state.isAsking = true;
    const rooms = wanted.map(({ state, position }) => ({ room: state.room, position }));
    this.ask({ type: "resume", rooms }, (answer) => {
      for (const [index, { state, position }] of wanted.entries()) {
        const result = answer.type === "error" ? answer : (answer.result as Resumed).rooms[index];
        if (result === undefined) this.#odd("no answer for a resumed room");
        else if (answer.type === "error") this.#notSubscribed(state, answer);
        else if ("error" in result) this.#notSubscribed(state, result.error as WireError);
        else this.#subscribed(state, position, result as Subscribed);
      }
    });
  }

  #subscribe(room: RoomId): void {
    const state = this.#state(room);
    if (state.isLive || state.isAsking || !this.#isOnline) return;
    state.isAsking = true;
    const { random } = this.#outside;
    const position = copyOf(state.position);
    const start =
      position === undefined
        ? random.chance(0.5)
          ? { last: random.between(0, 5) }
          : {}
        : { position };
    this.ask({ type: "subscribe", room, presence: random.chance(0.3), ...start }, (answer) => {
      if (answer.type === "error") this.#notSubscribed(state, answer);
      else this.#subscribed(state, position, answer.result as Subscribed);
    });
  }

  #subscribed(state: RoomState, wanted: RoomState["position"], place: Subscribed): void {
    state.isAsking = false;
    state.isLive = true;
    state.position = { epoch: place.epoch, offset: place.offset };
    this.#outside.checker.subscribed(this.name, this.user, wanted, place);
  }

  #notSubscribed(state: RoomState, error: WireError | ErrorFrame): void {
    state.isAsking = false;
    const { random } = this.#outside;
    if (error.code === "resync_required") {
      this.#outside.checker.reset(this.name, state.room, state.position?.epoch);
      state.position = undefined;
      this.#subscribe(state.room);
    } else this.#later(random.between(200, 900), () => this.#subscribe(state.room));
  }

  #reset(room: RoomId): void {
    const state = this.#state(room);
    this.#outside.checker.reset(this.name, room, state.position?.epoch);
    state.isLive = false;
    state.position = undefined;
    this.#subscribe(room);
  }

  #unsubscribed(room: RoomId): void {
    const state = this.#state(room);
    this.#outside.checker.unsubscribed(this.name, room);
    state.isLive = false;
    this.#later(400, () => this.#subscribe(room));
  }

  #event(frame: EventFrame): void {
    const state = this.#state(frame.room);
    this.#outside.checker.delivered(this.name, this.user, frame);
    if (state.position !== undefined) state.position.offset = frame.sequence;
  }

  /** Asks for a page of history and holds it against the log. */
  history(room: RoomId): void {
    const state = this.#state(room);
    const after = Math.max(0, (state.position?.offset ?? 0) - this.#outside.random.between(0, 10));
    this.ask({ type: "history", room, after, limit: 10 }, (answer) => {
      if (answer.type === "error") return;
      const { epoch, events } = answer.result as HistoryPage;
      this.#outside.checker.page(this.name, this.user, epoch, events);
    });
  }

  // --- Writing ----------------------------------------------------------------------------------------

  /** Means to send one more message; it goes out as soon as what stands before it allows. */
  publish(room: RoomId, padding: string): void {
    const state = this.#state(room);
    state.meant += 1;
    const number = state.meant;
    const intent: Intent = {
      client: this.name,
      user: this.user,
      number,
      room,
      text: `${this.name} ${room} ${number} ${padding}`.trim(),
      clientMessageId: `${this.name}.${room}.${number}`.slice(-64) as ClientMessageId,
      attempts: 0,
      isSent: false,
      isAlone: this.#options.pipeline === 1,
      isDefinite: false,
    };
    this.#outside.checker.meant(intent);
    state.outstanding.push(intent);
    this.#sendOn(state);
  }

  /** Sends the last acknowledged message of a room once more: the answer must be the first one. */
  repeatLast(room: RoomId): void {
    const intent = this.#state(room).answered;
    if (!this.#isOnline || intent === undefined) return;
    const { text, clientMessageId } = intent;
    const command = { type: "publish", room, client_message_id: clientMessageId, text };
    this.ask(command, (answer) => {
      if (answer.type !== "reply") return;
      this.#outside.checker.acknowledged(intent, answer.result as Published);
    });
  }

  #sendAll(): void {
    for (const state of this.#rooms.values()) this.#sendOn(state);
  }

  #sendOn(state: RoomState): void {
    if (!this.#isOnline || state.isHeld) return;
    for (const intent of state.outstanding.slice(0, this.#options.pipeline)) {
      if (!intent.isSent) this.#transmit(state, intent);
    }
  }

  #transmit(state: RoomState, intent: Intent): void {
    intent.isSent = true;
    if (intent.attempts === 0) this.#outside.checker.sent(intent);
    else if (this.#options.forgetsIds) {
      intent.clientMessageId = `${intent.clientMessageId}+`.slice(-64) as ClientMessageId;
    }
    intent.attempts += 1;
    const { room, text, clientMessageId } = intent;
    const command = { type: "publish", room, client_message_id: clientMessageId, text };
    this.ask(command, (answer) => {
      if (answer.type === "reply") {
        this.#outside.checker.acknowledged(intent, answer.result as Published);
        this.#settle(state, intent, "acknowledged");
      } else if (answer.retry === "never") {
        this.#outside.checker.refused(intent, answer.code);
        this.#settle(state, intent, "refused");
      } else this.#hold(state, intent);
    });
  }

  #settle(state: RoomState, intent: Intent, outcome: "acknowledged" | "refused"): void {
    if (outcome === "acknowledged") state.answered = intent;
    const index = state.outstanding.indexOf(intent);
    if (index >= 0) state.outstanding.splice(index, 1);
    this.#release(state);
    this.#sendOn(state);
  }

  /* Waits for the answers to everything on its way, then goes on from the oldest that has none. */
  #hold(state: RoomState, intent: Intent): void {
    intent.isSent = false;
    state.isHeld = true;
    this.#release(state);
  }

  #release(state: RoomState): void {
    if (!state.isHeld || state.outstanding.some((intent) => intent.isSent)) return;
    this.#later(this.#outside.random.between(100, 800), () => {
      state.isHeld = false;
      this.#sendOn(state);
    });
  }

  /** Later, if the link is still the same. */
  #later(delayMs: number, run: () => void): void {
    const link = this.#link;
    this.#outside.scheduler.after(delayMs, `${this.name} later`, () => {
      if (this.#link === link && this.#isOnline) run();
    });
  }
}

function copyOf(position: RoomState["position"]): RoomState["position"] {
  return position === undefined ? undefined : { ...position };
}

import type {
  ClientMessageId,
  DurablePayloads,
  EphemeralEvent,
  EventFrame,
  EventId,
  HistoryPage,
  MarkedRead,
  MembershipChanged,
  MemberView,
  MessageList,
  Position,
  Role,
  RoomChanges,
  RoomId,
  RoomUpdated,
  Sequence,
  Subscribed,
  UserId,
  WireUser,
} from "@parlance/protocol";
import { Emitter } from "./emitter.ts";
import type { Link } from "./link.ts";
import { Message, type Outbox } from "./outbox.ts";
import { ReadingRoom } from "./reading.ts";
import { closed, Subscription } from "./subscription.ts";
import { Texts } from "./texts.ts";
import type {
  HistoryQuery,
  MessagesQuery,
  OpenOptions,
  Outgoing,
  PublishOptions,
  Room,
  RoomEvents,
  SubscribeOptions,
  Unlisten,
  Verification,
  Writing,
} from "./types.ts";
import { verify } from "./verify.ts";
import { LiveWriting } from "./writing.ts";

/** The server tells others no oftener that somebody writes. */
const typingIntervalMs = 2_000;

/** A room with its own messages: those on their way are swapped for their events. */
export class LiveRoom extends ReadingRoom implements Room {
  readonly live: Subscription;
  readonly #outbox: Outbox;
  readonly #emitter = new Emitter<RoomEvents>();
  readonly #outgoing = new Map<ClientMessageId, Message>();
  readonly #texts: Texts;
  readonly #writings = new Set<LiveWriting>();
  #typedAt = 0;

  constructor(id: RoomId, link: Link, outbox: Outbox) {
    super(id, link);
    this.#outbox = outbox;
    this.#texts = new Texts(id, link, (text) => this.#emitter.emit("text", text));
    this.live = new Subscription(id, link, {
      onEvent: (event) => this.#onEvent(event),
      onReset: (reset) => {
        this.#dropSent();
        this.#texts.clear();
        this.#emitter.emit("reset", reset);
      },
      onBegin: (standing) => {
        this.#texts.resume();
        this.#emitter.emit("subscribed", standing);
      },
      onEnd: (code) => {
        this.#dropSent();
        this.#texts.clear();
        this.#emitter.emit("unsubscribed", { room: id, code });
      },
    });
  }

  get subscription(): Subscribed | undefined {
    return this.live.standing;
  }

  get position(): Position | undefined {
    return this.live.position;
  }

  get outgoing(): readonly Outgoing[] {
    return [...this.#outgoing.values()];
  }

  on<K extends keyof RoomEvents>(event: K, listener: (value: RoomEvents[K]) => void): Unlisten {
    return this.#emitter.on(event, listener);
  }

  subscribe(options: SubscribeOptions = {}): Promise<Subscribed> {
    return this.live.want(options);
  }

  async unsubscribe(): Promise<void> {
    this.live.end(closed());
    this.#dropSent();
    this.#texts.clear();
    if (this.link.line !== undefined) {
      await this.link.request<"unsubscribe">({ type: "unsubscribe", room: this.id });
    }
  }

  publish(text: string, options: PublishOptions = {}): Outgoing {
    const message = new Message(this.id, text, options, {
      onChange: (changed) => this.#onChange(changed),
      onDiscard: (discarded) => this.#outgoing.delete(discarded.clientMessageId),
      enqueue: (again) => this.#enqueue(again),
    });
    this.#enqueue(message);
    return message;
  }

  open(options: OpenOptions = {}): Writing {
    const writing: LiveWriting = new LiveWriting(this.id, this.link, options, () =>
      this.#writings.delete(writing),
    );
    this.#writings.add(writing);
    return writing;
  }

  textOf(messageId: EventId): string | undefined {
    return this.#texts.of(messageId);
  }

  async cancel(messageId: EventId): Promise<void> {
    const message_id = messageId;
    await this.link.request<"cancel_message">({
      type: "cancel_message",
      room: this.id,
      message_id,
    });
  }

  async history(query: HistoryQuery = {}): Promise<HistoryPage> {
    const page = await this.link.request<"history">({ type: "history", room: this.id, ...query });
    if (this.live.isWanted) this.#texts.page(page.events);
    return page;
  }

  messages(query: MessagesQuery = {}): Promise<MessageList> {
    return this.link.request<"list_messages">({ type: "list_messages", room: this.id, ...query });
  }

  join(): Promise<MembershipChanged> {
    return this.link.request<"join">({ type: "join", room: this.id });
  }

  leave(): Promise<MembershipChanged> {
    return this.link.request<"leave">({ type: "leave", room: this.id });
  }

  addMember(user: string, role?: Role): Promise<MembershipChanged> {
    const command = { type: "add_member", room: this.id, user: user as UserId } as const;
    return this.link.request<"add_member">(role === undefined ? command : { ...command, role });
  }

  removeMember(user: string): Promise<MembershipChanged> {
    return this.link.request<"remove_member">({
      type: "remove_member",
      room: this.id,
      user: user as UserId,
    });
  }

  async members(): Promise<readonly MemberView[]> {
    const { members } = await this.link.request<"list_members">({
      type: "list_members",
      room: this.id,
    });
    return members;
  }

  update(changes: RoomChanges): Promise<RoomUpdated> {
    return this.link.request<"update_room">({ type: "update_room", room: this.id, changes });
  }

  markRead(sequence: Sequence = this.position?.offset ?? 0): Promise<MarkedRead> {
    return this.link.request<"mark_read">({ type: "mark_read", room: this.id, sequence });
  }

  typing(active: boolean): void {
    const isOld = Date.now() - this.#typedAt >= typingIntervalMs;
    const isNews = active ? isOld : this.#typedAt > 0;
    if (!isNews || this.link.line === undefined) return;
    this.#typedAt = active ? Date.now() : 0;
    this.link.line.ask<"typing">({ type: "typing", room: this.id, active }, () => {});
  }

  async presence(): Promise<readonly WireUser[]> {
    const { users } = await this.link.request<"presence">({ type: "presence", room: this.id });
    return users;
  }

  verify(range?: { readonly from?: Sequence; readonly to?: Sequence }): Promise<Verification> {
    const { position, record } = this.live;
    return verify({ link: this.link, room: this.id, record, position }, range);
  }

  /** A line is up. */
  resume(): void {
    for (const writing of this.#writings) writing.resume();
  }

  /** A signal of this room. */
  signal(event: EphemeralEvent): void {
    if (!this.live.isWanted) return;
    if (event.type === "message.appended") this.#texts.appended(event);
    else this.#emitter.emit("ephemeral", event);
  }

  #enqueue(message: Message): void {
    // A message that was tried again goes behind those that waited meanwhile, here as in the outbox.
    this.#outgoing.delete(message.clientMessageId);
    this.#outgoing.set(message.clientMessageId, message);
    this.#emitter.emit("outgoing", message);
    this.#outbox.add(message);
  }

  #onChange(message: Message): void {
    const key = message.clientMessageId;
    if (message.state === "sent" && !this.#awaitsEvent(message)) this.#outgoing.delete(key);
    // Never taken on, so not kept: otherwise the bound would be none.
    if (message.error?.code === "outbox_full") this.#outgoing.delete(key);
    this.#emitter.emit("outgoing", message);
  }

  /** Stored, but its event was not delivered yet: shown until then, so that it does not flicker. */
  #awaitsEvent({ published }: Message): boolean {
    const { position } = this.live;
    return (
      published !== undefined &&
      position?.epoch === published.epoch &&
      position.offset < published.sequence
    );
  }

  #onEvent(event: EventFrame): void {
    const key = event.client_message_id;
    const own = key !== undefined && event.author === this.link.me && this.#outgoing.get(key);
    const epoch = this.position?.epoch;
    if (own && epoch !== undefined) {
      const { room, sequence, id, time } = event;
      this.#outgoing.delete(own.clientMessageId);
      own.succeed({ room, epoch, sequence, message_id: id, time });
      this.#outbox.settle(own);
    }
    this.#texts.event(event);
    this.#emitter.emit("event", event);
    if (event.type === "message.closed" && !("erased" in event)) this.#ended(event.data);
  }

  #ended({ message_id: id, reason }: DurablePayloads["message.closed"]): void {
    for (const writing of this.#writings) if (writing.messageId === id) writing.end(reason);
  }

  #dropSent(): void {
    for (const [key, { state }] of this.#outgoing) if (state === "sent") this.#outgoing.delete(key);
  }
}

/**
 * Tells applications what happened. Every node hints at the rooms in which it committed something, and says who is on it where that
 * is wanted; the one that holds the lease delivers for all. A hint that is lost costs the time until the next look.
 */
import {
  type Broker,
  StorageError,
  type Timer,
  type Unsubscribe,
  type WebhookPresent,
  type WebhookRecord,
} from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import { Deliverer, type DelivererParts, type WebhookTally } from "./deliverer.ts";
import { wantsPresence } from "./events.ts";
import type { WebhookLag } from "./looks.ts";
import { PresentHere } from "./present-here.ts";

/** Between two looks at the list of webhooks, who is here, and what is due. */
const tickMs = 1_000;
/** Rooms of hints that are collected, and for how long. What does not fit is found by looking. */
const maxNews = 5_000;
const newsMs = 20;
/** Who has just begun to deliver lets the nodes that live say so first. */
const settleMs = 7_000;
/** Comparing presence takes at most one part of so many of the time. */
const compareShare = 20;
/** The queue and the dead letters are counted so often at most. */
const countMs = 5_000;
/** Changes of presence wait in the log of nobody: with so many in the queue the difference is left to a later look. */
const maxQueued = 10_000;

/** Turns among the nodes. */
export interface Turn {
  readonly isHeld: boolean;
  close(): Promise<void>;
}

export interface DispatcherOptions extends Omit<DelivererParts, "isHeld"> {
  readonly nodeId: string;
  readonly broker: Pick<Broker, "publish" | "subscribe">;
  readonly present: () => readonly WebhookPresent[];
  /** @param onTaken Called when it is this node's turn. */
  readonly takeTurns: (onTaken: () => void) => Turn;
}

/** What the server does with it. */
export interface Dispatcher {
  /** This node committed something in a room. Cheap where there are no webhooks. */
  committed(room: RoomId): void;
  /** The operator changed something: looked at now instead of soon. */
  changed(): void;
  /** Whether this node is the one that delivers. */
  readonly isHeld: boolean;
  /** Where this node is the one that delivers, each webhook as it was looked at last; else none. */
  views(): readonly WebhookView[];
  /** Ends what is under way. To be called while people are still connected. */
  close(): Promise<void>;
}

export interface WebhookQueueCounts {
  readonly waiting: number;
  readonly dead: number;
  /** Milliseconds since 1970. Absent where nothing waits, or what was given up is tried once more. */
  readonly oldestAt?: number;
}

/** How one webhook is doing. */
export interface WebhookView {
  readonly webhook: WebhookRecord;
  readonly tally: WebhookTally;
  /** Of its queue, since when the first one waits, and given up; undefined before they were counted. */
  readonly counts: WebhookQueueCounts | undefined;
  /** In the logs. Undefined while it is paused, and before it was looked at. */
  readonly lag: WebhookLag | undefined;
}

/** Begins. */
export async function openDispatcher(options: DispatcherOptions): Promise<Dispatcher> {
  const dispatcher = new RunningDispatcher(options);
  await dispatcher.begin();
  return dispatcher;
}

class RunningDispatcher implements Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #here: PresentHere;
  readonly #turn: Turn;
  readonly #deliverers = new Map<string, Deliverer>();
  #webhooks: readonly WebhookRecord[] = [];
  #news = new Set<RoomId>();
  #newsTimer: Timer | undefined;
  #tickTimer: Timer | undefined;
  #ticking: Promise<void> | undefined;
  readonly #tallies = new Map<string, WebhookTally>();
  readonly #counts = new Map<string, WebhookQueueCounts>();
  #countAt = Number.NEGATIVE_INFINITY;
  #takenAt = Number.NEGATIVE_INFINITY;
  #compareAt = Number.NEGATIVE_INFINITY;
  #unsubscribe: Unsubscribe = () => {};
  #isClosed = false;
  #isFailing = false;
  /** Not only when it is time. */
  #isUrgent = true;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#here = new PresentHere({ ...options, store: () => options.store().webhooks });
    this.#turn = options.takeTurns(() => {
      this.#takenAt = options.clock.monotonic();
      this.changed();
    });
  }

  async begin(): Promise<void> {
    this.#unsubscribe = await this.#options.broker.subscribe("control", (notice) => {
      if (notice.type === "news") for (const room of notice.rooms) this.#wake(room);
    });
    this.changed();
  }

  committed(room: RoomId): void {
    if (this.#webhooks.length === 0 || this.#news.size >= maxNews || this.#isClosed) return;
    this.#news.add(room);
    this.#newsTimer ??= this.#options.clock.after(newsMs, () => this.#hint());
  }

  changed(): void {
    this.#isUrgent = true;
    this.#tickTimer?.cancel();
    this.#tick();
  }

  get isHeld(): boolean {
    return this.#turn.isHeld && !this.#isClosed;
  }

  views(): readonly WebhookView[] {
    if (!this.#turn.isHeld) return [];
    return this.#webhooks.map((webhook) => ({
      webhook,
      tally: this.#tallyOf(webhook.id),
      counts: this.#counts.get(webhook.id),
      lag: this.#deliverers.get(webhook.id)?.lag,
    }));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#tickTimer?.cancel();
    this.#newsTimer?.cancel();
    this.#unsubscribe();
    await this.#ticking;
    await this.#endAll();
    await this.#turn.close();
    // Where that is not possible now, its time is soon over.
    await this.#here.leave().catch(() => undefined);
  }

  #hint(): void {
    this.#newsTimer = undefined;
    const rooms = [...this.#news];
    this.#news = new Set();
    if (!this.#turn.isHeld) this.#options.broker.publish("control", { type: "news", rooms });
    else for (const room of rooms) this.#wake(room);
  }

  #wake(room: RoomId): void {
    for (const deliverer of this.#deliverers.values()) deliverer.wake(room);
  }

  #tick(): void {
    if (this.#isClosed) return;
    this.#ticking ??= this.#look().finally(() => {
      this.#ticking = undefined;
      if (this.#isClosed) return;
      this.#tickTimer?.cancel();
      const pauseMs = this.#isUrgent ? 0 : tickMs;
      this.#tickTimer = this.#options.clock.after(pauseMs, () => this.#tick());
    });
  }

  async #look(): Promise<void> {
    const isUrgent = this.#isUrgent;
    this.#isUrgent = false;
    try {
      this.#webhooks = await this.#options.store().webhooks.webhooks();
      const active = this.#webhooks.filter(({ pausedBecause }) => pausedBecause === undefined);
      const watching = active.filter(({ events }) => wantsPresence(events));
      if (watching.length > 0) await this.#here.tell();
      if (!this.#turn.isHeld) {
        await this.#endAll();
        return;
      }
      await this.#beginOrEnd(active);
      await this.#count();
      await this.#compare(watching);
      for (const deliverer of this.#deliverers.values()) void deliverer.look(isUrgent);
      this.#isFailing = false;
    } catch (error) {
      // That the database is away is told once, by who asks it each second.
      if (!(error instanceof StorageError) && !this.#isFailing) {
        this.#options.report("error", "webhooks_failed", { error });
      }
      this.#isFailing = true;
    }
  }

  async #beginOrEnd(active: readonly WebhookRecord[]): Promise<void> {
    const wanted = new Map(active.map((webhook) => [webhook.id, webhook]));
    for (const [id, deliverer] of this.#deliverers) {
      const webhook = wanted.get(id);
      // One that paused itself and was resumed since begins anew.
      if (webhook !== undefined && !deliverer.isOver) deliverer.update(webhook);
      else {
        this.#deliverers.delete(id);
        await deliverer.close();
      }
    }
    for (const [id, webhook] of wanted) {
      if (this.#deliverers.has(id)) continue;
      const parts = { ...this.#options, isHeld: () => this.#turn.isHeld };
      this.#deliverers.set(id, new Deliverer(webhook, parts, this.#tallyOf(id)));
    }
  }

  #tallyOf(id: string): WebhookTally {
    let tally = this.#tallies.get(id);
    if (tally === undefined) {
      tally = { taken: 0, failed: 0, events: 0, gaveUp: 0 };
      this.#tallies.set(id, tally);
    }
    return tally;
  }

  /** For operators. Forgets those that were deleted. */
  async #count(): Promise<void> {
    const { clock, store } = this.#options;
    if (clock.monotonic() < this.#countAt) return;
    const ids = new Set(this.#webhooks.map(({ id }) => id));
    for (const known of [this.#tallies, this.#counts]) {
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    }
    const { webhooks } = store();
    for (const id of ids) {
      const counts = await webhooks.webhookCounts(id);
      const [first] = counts.waiting === 0 ? [] : await webhooks.webhookQueue(id, 1);
      const oldestAt = first?.queuedAt ?? 0;
      this.#counts.set(id, oldestAt === 0 ? counts : { ...counts, oldestAt });
    }
    this.#countAt = clock.monotonic() + countMs;
  }

  async #endAll(): Promise<void> {
    const all = [...this.#deliverers.values()];
    this.#deliverers.clear();
    await Promise.all(all.map((deliverer) => deliverer.close()));
  }

  async #compare(watching: readonly WebhookRecord[]): Promise<void> {
    const { clock, store } = this.#options;
    const begun = clock.monotonic();
    if (begun - this.#takenAt < settleMs || begun < this.#compareAt) return;
    const { webhooks } = store();
    for (const { id, events, rooms } of watching) {
      const { waiting } = await webhooks.webhookCounts(id);
      if (waiting >= maxQueued) continue;
      const { queued } = await webhooks.comparePresence(id, { events, rooms }, clock.now());
      if (queued > 0) this.#deliverers.get(id)?.wake("");
    }
    this.#compareAt = clock.monotonic() + (clock.monotonic() - begun) * compareShare;
  }
}

/** The webhook that speaks as Pusher's do: one of the install's own, with a format, and what only Pusher tells put into its queue. */
import { createHmac } from "node:crypto";
import {
  type Clock,
  type NewWebhookEvent,
  type Node,
  occupancyQuestions,
  type Report,
  readOccupied,
  type Timer,
  type UnkeptFact,
  type Webhooks,
} from "@parlance/core";
import {
  channelOfRoom,
  kindOfChannel,
  type PusherWebhookEvent,
  pusherEventsOf,
  socketIdOf,
  sourcesOf,
} from "@parlance/dialects/pusher";
import type { RoomId } from "@parlance/protocol";
import type { WebhookFormat } from "@parlance/webhooks";
import { type PusherApp } from "./pusher-http.ts";

/** Its id and name among the install's webhooks. */
export const pusherWebhookId = "wh_pusher";
const webhookName = "pusher";
/** The secret that signs is the application's, of the configuration: it is not copied into the database. */
const noSecret = "(pusher_secret)";
/** How often what is in no log is put into the queue, and how much of it waits for that on this node. */
const putMs = 100;
const maxHeld = 1_000;
/** So many wait in the queue at most. */
const maxQueued = 10_000;
/** How often channels are counted, and how long other nodes are waited for. */
const countMs = 5_000;
const askMs = 2_000;

/** Signs the body with the application's secret (Pusher, "Webhooks": "Authentication"). */
export function pusherFormat({ key, secret }: Pick<PusherApp, "key" | "secret">): WebhookFormat {
  return {
    translate: pusherEventsOf,
    request(events, now) {
      const body = JSON.stringify({ time_ms: now, events });
      const signature = createHmac("sha256", secret).update(body).digest("hex");
      return { body, headers: { "x-pusher-key": key, "x-pusher-signature": signature } };
    },
  };
}

/** Makes the webhook, changes it, or takes it away, as the configuration says. @throws StorageError */
export async function keepPusherWebhook(
  webhooks: Webhooks,
  wanted: { readonly url: string; readonly events: readonly PusherWebhookEvent[] } | undefined,
  now: number,
): Promise<void> {
  const find = async () =>
    (await webhooks.webhooks()).find((webhook) => webhook.id === pusherWebhookId);
  const known = await find();
  if (wanted === undefined) {
    if (known !== undefined) await webhooks.deleteWebhook(pusherWebhookId);
    return;
  }
  const { url } = wanted;
  const change = { url, events: sourcesOf(wanted.events), rooms: ["*"] };
  if (known !== undefined) {
    await webhooks.updateWebhook(pusherWebhookId, change);
    return;
  }
  const made = { id: pusherWebhookId, name: webhookName, secret: noSecret, createdAt: now };
  try {
    await webhooks.createWebhook({ ...made, ...change });
  } catch (error) {
    // Another node that starts at the same time has made it.
    if ((await find()) === undefined) throw error;
  }
}

export interface PusherNewsPorts {
  readonly webhooks: () => Pick<Webhooks, "queueEvents">;
  readonly node: Pick<Node, "askAll">;
  /** Whether this node is the one that delivers. */
  readonly isHeld: () => boolean;
  readonly clock: Clock;
  readonly report: Report;
  readonly events: readonly PusherWebhookEvent[];
}

/** What is in no log and no presence, on its way into the queue. */
export class PusherNews {
  readonly #ports: PusherNewsPorts;
  #held: NewWebhookEvent[] = [];
  #isDropping = false;
  #timer: Timer | undefined;
  #countTimer: Timer | undefined;
  #putting: Promise<void> | undefined;
  #counts: ReadonlyMap<RoomId, number> = new Map();
  #isClosed = false;

  constructor(ports: PusherNewsPorts) {
    this.#ports = ports;
    if (ports.events.includes("subscription_count")) this.#countLater();
  }

  /** What pages of this node did. Cheap; dropped where it was not asked for. */
  hear(fact: UnkeptFact): void {
    if (fact.type === "no_last_message") {
      this.#tell("cache_miss", fact.room);
      return;
    }
    const { room, name, data, connectionId, user } = fact;
    const by = user === undefined ? {} : { user_id: user };
    const socket = { socket_id: socketIdOf(connectionId) };
    this.#tell("client_event", room, { event: name, data, ...socket, ...by });
  }

  #tell(name: PusherWebhookEvent, room: RoomId, members: NewWebhookEvent["members"] = {}): void {
    if (this.#isClosed || !this.#ports.events.includes(name)) return;
    if (this.#held.length >= maxHeld) {
      this.#dropped(1);
      return;
    }
    const [type = ""] = sourcesOf([name]);
    this.#held.push({ type, room, members });
    this.#timer ??= this.#ports.clock.after(putMs, () => this.#put());
  }

  /** Puts what waits into the queue. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#countTimer?.cancel();
    this.#timer?.cancel();
    await this.#putting;
    await this.#putAll();
  }

  #put(): void {
    this.#timer = undefined;
    this.#putting ??= this.#putAll().finally(() => {
      this.#putting = undefined;
      if (this.#held.length > 0 && !this.#isClosed) {
        this.#timer ??= this.#ports.clock.after(putMs * 10, () => this.#put());
      }
    });
  }

  async #putAll(): Promise<void> {
    const events = this.#held;
    if (events.length === 0) return;
    this.#held = [];
    const { webhooks, clock } = this.#ports;
    try {
      const taken = await webhooks().queueEvents(pusherWebhookId, events, clock.now(), maxQueued);
      if (taken < events.length) this.#dropped(events.length - taken);
      else this.#isDropping = false;
    } catch {
      // That the database is away is told by who asks it each second. They are put again, as many as there is place for.
      this.#held = [...events, ...this.#held].slice(0, maxHeld);
    }
  }

  /* Told once for each time that it begins. */
  #dropped(count: number): void {
    if (this.#isDropping) return;
    this.#isDropping = true;
    this.#ports.report("warn", "pusher_events_dropped", { count });
  }

  #countLater(): void {
    this.#countTimer = this.#ports.clock.after(countMs, () => {
      void this.#count().finally(() => {
        if (!this.#isClosed) this.#countLater();
      });
    });
  }

  /** Tells the counts that have changed. Which were told is known by the node that delivers: its successor tells all anew. */
  async #count(): Promise<void> {
    if (!this.#ports.isHeld()) {
      this.#counts = new Map();
      return;
    }
    const { node } = this.#ports;
    const asked = await node
      .askAll(occupancyQuestions.rooms, "", { timeoutMs: askMs })
      .catch(() => undefined);
    // A count that leaves a node out is none.
    if (asked === undefined || asked.silent.length > 0) return;
    const counts = new Map<RoomId, number>();
    for (const { room, subscriptions } of readOccupied(asked).values()) {
      const channel = channelOfRoom(room);
      // Of presence channels Pusher tells the members.
      if (channel === undefined || kindOfChannel(channel).access === "presence") continue;
      counts.set(room, subscriptions);
    }
    const rooms = new Set([...this.#counts.keys(), ...counts.keys()]);
    for (const room of rooms) {
      const count = counts.get(room) ?? 0;
      if (count === (this.#counts.get(room) ?? 0)) continue;
      this.#tell("subscription_count", room, { subscription_count: count });
    }
    this.#counts = counts;
  }
}

/**
 * Delivers to one receiver: rooms side by side, each in its order, and beside them the queue of what is in no log. A room is read
 * after its place, sent, and its place moved when that was taken; nothing else is remembered, so whatever ends this process is
 * nothing that has to be made good.
 */
import {
  type Clock,
  type Ids,
  matchesAny,
  type Report,
  type RoomLog,
  type WebhookBehind,
  type WebhookDelivery,
  type WebhookRecord,
  type Webhooks,
} from "@parlance/core";
import type { Epoch, RoomId, Sequence } from "@parlance/protocol";
import { eventsOf, logEvent, lostEvent, resetOf, type WebhookEvent, wantsLogs } from "./events.ts";
import type { WebhookFormats } from "./format.ts";
import { Looks, noLag, type WebhookLag } from "./looks.ts";
import { Pace, type Place } from "./pace.ts";
import { type Outcome, send } from "./request.ts";

/** Rooms that are delivered at once. */
const roomsAtOnce = 8;
/** Events of one request, and bytes of payloads after which it is long enough. */
const eventsAtOnce = 100;
const bytesAtOnce = 262_144;
/** Rooms that wait for their turn in memory; others are found again by the next look. */
const maxWaiting = 5_000;
/** What is known of the last success or failure is written down so often at most. */
const noteMs = 5_000;
/** Dead letters of one webhook; with so many it is paused, since nothing is thrown away. */
export const maxDead = 10_000;
/** The queue's place among the rooms: no room has this name. */
const queue = "";

/** What was sent to one receiver since the start. */
export interface WebhookTally {
  /** Requests that were taken, and those that were not. */
  taken: number;
  failed: number;
  /** Events of those that were taken. */
  events: number;
  gaveUp: number;
}

/** What the deliverers of a node share. */
export interface DelivererParts {
  readonly store: () => { readonly log: Pick<RoomLog, "read">; readonly webhooks: Webhooks };
  readonly clock: Clock;
  readonly ids: Pick<Ids, "random">;
  readonly report: Report;
  /** Whether this node is still the one that delivers. */
  readonly isHeld: () => boolean;
  readonly timeoutMs: number;
  /** After so long without success an event is given up. */
  readonly giveUpMs: number;
  readonly version: string;
  readonly formats?: WebhookFormats;
}

/** What became of one step in a room. */
type Step = "on" | "end" | Failure;
interface Failure {
  readonly retryAfterMs?: number;
}

export class Deliverer {
  #webhook: WebhookRecord;
  readonly #parts: DelivererParts;
  readonly #abort = new AbortController();
  /** Places that may have news, in the order in which they came up. */
  readonly #due = new Set<Place>();
  readonly #active = new Map<Place, Promise<void>>();
  /** Places that came up while they were being delivered. */
  readonly #again = new Set<Place>();
  readonly #pace: Pace;
  readonly #looks: Looks;
  #notedAt = Number.NEGATIVE_INFINITY;
  #noted: string | undefined;
  readonly #tally: WebhookTally;

  constructor(webhook: WebhookRecord, parts: DelivererParts, tally: WebhookTally) {
    this.#webhook = webhook;
    this.#parts = parts;
    this.#tally = tally;
    this.#pace = new Pace({
      ...parts,
      onPlace: (place) => this.wake(place),
      onReceiver: () => this.#pump(),
    });
    this.#looks = new Looks({
      ...parts,
      webhook: webhook.id,
      rooms: () => this.#webhook.rooms,
      onRoom: (room) => this.wake(room),
      hasPlace: () => !this.#abort.signal.aborted && this.#due.size < maxWaiting,
    });
  }

  /** How far it is behind in the logs; undefined before the first look was whole. */
  get lag(): WebhookLag | undefined {
    return wantsLogs(this.#webhook.events) ? this.#looks.lag : noLag;
  }

  /** What the operator changed. */
  update(webhook: WebhookRecord): void {
    this.#webhook = webhook;
  }

  /** It paused itself, or was closed. */
  get isOver(): boolean {
    return this.#abort.signal.aborted;
  }

  /** There may be news in a room, or in the queue (`""`). */
  wake(room: Place): void {
    if (this.#abort.signal.aborted || this.#pace.isLater(room)) return;
    const { rooms, events } = this.#webhook;
    if (room !== queue && !(matchesAny(rooms, room) && wantsLogs(events))) return;
    if (this.#active.has(room)) {
      this.#again.add(room);
      return;
    }
    if (this.#due.size < maxWaiting) this.#due.add(room);
    this.#pump();
  }

  /** Looks for rooms with news, if it is time or urgent. Never rejects. */
  async look(isUrgent: boolean): Promise<void> {
    this.wake(queue);
    if (wantsLogs(this.#webhook.events)) await this.#looks.look(isUrgent);
  }

  /** Ends what is under way. What was not taken is delivered again by whoever comes next. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#pace.close();
    await Promise.all(this.#active.values());
  }

  #pump(): void {
    if (this.#abort.signal.aborted || this.#pace.isPaused()) return;
    const slots = this.#pace.isAway ? 1 : roomsAtOnce;
    for (const room of this.#due) {
      if (this.#active.size >= slots) return;
      this.#due.delete(room);
      this.#active.set(room, this.#run(room));
    }
  }

  async #run(room: Place): Promise<void> {
    // The caller puts the promise into the map first.
    await Promise.resolve();
    let step: Step;
    try {
      do {
        this.#again.delete(room);
        step = await (room === queue ? this.#stepQueue() : this.#stepRoom(room));
      } while (
        this.#parts.isHeld() &&
        !this.#abort.signal.aborted &&
        (step === "on" || (step === "end" && this.#again.has(room)))
      );
    } catch (error) {
      if (!this.#abort.signal.aborted) {
        this.#parts.report("warn", "webhook_failed", { webhook: this.#webhook.id, error });
      }
      step = {};
    }
    this.#active.delete(room);
    this.#again.delete(room);
    if (typeof step === "object") this.#pace.failed(room, step.retryAfterMs);
    // Nothing is left of it, or its last failure is told by now.
    else if (step === "end") this.#pace.over(room);
    this.#pump();
  }

  #size(place: Place): number {
    return this.#pace.isFailing(place) ? 1 : eventsAtOnce;
  }

  // --- Rooms ----------------------------------------------------------------------------------------

  async #stepRoom(room: RoomId): Promise<Step> {
    const { clock, store } = this.#parts;
    const { webhooks, log } = store();
    const { id } = this.#webhook;
    const [behind] = await webhooks.webhookBehind({
      webhook: id,
      from: room,
      upTo: room,
      limit: 1,
    });
    if (behind === undefined) return "end";
    const { place, now } = behind;
    const isOther = behind.epoch !== "" && behind.epoch !== now.epoch;
    if (isOther || place > now.head || place < now.floor) {
      const start = Math.max(now.floor, Math.min(place, now.head));
      const reset = resetOf(behind, start, clock.now());
      return this.#deliver(behind, [reset], { epoch: now.epoch, sequence: start });
    }
    const page = await log.read({
      room,
      after: place,
      limit: this.#size(room),
      maxBytes: bytesAtOnce,
    });
    const last = page?.events.at(-1)?.frame.sequence;
    if (page === undefined || last === undefined) return "end";
    // It began a new life between the two questions.
    if (page.epoch !== now.epoch) return "on";
    const { epoch } = page;
    const events = page.events
      .flatMap(({ frame }) => eventsOf(frame, epoch, behind.kind))
      .filter(({ type }) => matchesAny(this.#webhook.events, type));
    if (events.length === 0) {
      await webhooks.advanceWebhook(id, behind, { epoch, place: last });
      return "on";
    }
    return this.#deliver(behind, events, {
      epoch,
      sequence: last,
      isOne: page.events.length === 1,
    });
  }

  async #deliver(
    behind: WebhookBehind,
    events: readonly WebhookEvent[],
    to: { readonly epoch: Epoch; readonly sequence: Sequence; readonly isOne?: boolean },
  ): Promise<Step> {
    const { clock, store, giveUpMs } = this.#parts;
    const { id } = this.#webhook;
    const outcome = await this.#send(events);
    if (outcome.type === "gone") return "end";
    const { webhooks } = store();
    if (outcome.type === "taken") {
      this.#pace.over(behind.room);
      await webhooks.advanceWebhook(id, behind, { epoch: to.epoch, place: to.sequence });
      return "on";
    }
    const since = await webhooks.webhookFails(id, behind, clock.now());
    const [event] = events;
    if (clock.now() - since < giveUpMs || to.isOne !== true || event === undefined) return outcome;
    const aside = { epoch: to.epoch, sequence: to.sequence, id: event.id, type: event.type };
    const because = { reason: outcome.reason, now: clock.now(), limit: maxDead };
    return this.#gaveUp(behind.room, await webhooks.buryEvent(id, behind, aside, because));
  }

  async #gaveUp(room: Place, done: "done" | "moved" | "full"): Promise<Step> {
    if (done === "full") {
      const reason = `${maxDead} events were given up: replay or look into what the receiver refuses`;
      await this.#pause(reason);
      return "end";
    }
    if (done === "done") {
      this.#tally.gaveUp += 1;
      this.#parts.report("warn", "webhook_gave_up", { webhook: this.#webhook.id, room_id: room });
    }
    this.#pace.over(room);
    return "on";
  }

  // --- The queue ------------------------------------------------------------------------------------

  async #stepQueue(): Promise<Step> {
    const { clock, store, giveUpMs } = this.#parts;
    const { webhooks } = store();
    const { id } = this.#webhook;
    const waiting = await webhooks.webhookQueue(id, this.#size(queue));
    const [first] = waiting;
    if (first === undefined) return "end";
    const events = await Promise.all(waiting.map((delivery) => this.#eventOf(delivery)));
    const outcome = await this.#send(events);
    if (outcome.type === "gone") return "end";
    if (outcome.type === "taken") {
      this.#pace.over(queue);
      await webhooks.webhookDelivered(
        id,
        waiting.map(({ number }) => number),
      );
      return "on";
    }
    if (clock.now() - first.queuedAt < giveUpMs || waiting.length > 1) return outcome;
    const because = { reason: outcome.reason, now: clock.now(), limit: maxDead };
    return this.#gaveUp(queue, await webhooks.buryDelivery(id, first.number, because));
  }

  async #eventOf(delivery: WebhookDelivery): Promise<WebhookEvent> {
    const { content, room, type } = delivery;
    if ("body" in content) return JSON.parse(content.body) as WebhookEvent;
    if (room === "") return lostEvent(delivery);
    const after = content.sequence - 1;
    const page = await this.#parts.store().log.read({ room, after, limit: 1 });
    const frame = page?.events[0]?.frame;
    if (frame?.sequence !== content.sequence || page?.epoch !== content.epoch) {
      return lostEvent(delivery);
    }
    return { ...logEvent(frame, content.epoch), id: delivery.id, type };
  }

  // --- Requests -------------------------------------------------------------------------------------

  async #send(events: readonly WebhookEvent[]): Promise<Outcome> {
    const outcome = await send(this.#webhook, events, this.#parts, this.#abort.signal);
    if (outcome.type === "taken") {
      this.#tally.taken += 1;
      this.#tally.events += events.length;
    } else {
      this.#tally.failed += 1;
    }
    if (outcome.type === "gone") {
      await this.#pause("answered 410: the receiver wants nothing any more");
      return outcome;
    }
    if (outcome.type === "failed" && outcome.isAway) this.#pace.away(outcome.retryAfterMs);
    else this.#pace.here();
    await this.#note(outcome.type === "failed" ? outcome.reason : undefined);
    return outcome;
  }

  async #pause(reason: string): Promise<void> {
    const { report, store } = this.#parts;
    report("warn", "webhook_paused", { webhook: this.#webhook.id, reason });
    await store().webhooks.pauseWebhook(this.#webhook.id, reason);
    this.#abort.abort();
    this.#pace.close();
  }

  /** A change of what is noted at once, the same again only now and then. */
  async #note(reason: string | undefined): Promise<void> {
    const { clock, store, report } = this.#parts;
    const at = clock.monotonic();
    const isSame = reason === this.#noted && this.#notedAt !== Number.NEGATIVE_INFINITY;
    if (isSame && at - this.#notedAt < noteMs) return;
    if (!isSame && reason !== undefined) {
      report("warn", "webhook_refused", { webhook: this.#webhook.id, reason });
    }
    this.#noted = reason;
    this.#notedAt = at;
    await store().webhooks.noteWebhook(this.#webhook.id, clock.now(), reason);
  }
}

import type { Epoch, JsonObject, RoomId, RoomKind, Sequence, UserId } from "@parlance/protocol";

/**
 * What the server tells applications, and how far it has told it: a place in each room's log for each webhook, what else waits to be
 * delivered, and what was given up. Same errors as `RoomLog`. Grouped by what it is about.
 */
export interface Webhooks extends WebhookList, WebhookPlaces, WebhookQueue, WebhookPresence {}

export interface WebhookRecord {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  /** Signs its requests. Kept as it is: the server has to sign with it. */
  readonly secret: string;
  /** Types of events, `message.*` for all that begin so, `*` for all. */
  readonly events: readonly string[];
  /** Patterns of room names with `*`; of these rooms only. */
  readonly rooms: readonly string[];
  /** Why nothing is delivered for now, in words; absent where it is. */
  readonly pausedBecause?: string;
  /** Milliseconds since 1970, as all that follow. */
  readonly createdAt: number;
  readonly lastSuccessAt?: number;
  /** What went wrong last, in words, and when. */
  readonly lastError?: string;
  readonly lastErrorAt?: number;
}

export interface WebhookList {
  /** Every room's head as it is now becomes a place; rooms that are made later are told from their beginning. */
  createWebhook(
    webhook: Pick<
      WebhookRecord,
      "id" | "name" | "url" | "secret" | "events" | "rooms" | "createdAt"
    >,
  ): Promise<void>;
  /** All of them, the oldest first. */
  webhooks(): Promise<readonly WebhookRecord[]>;
  /** What it is told from now on, and where. @returns false if there is no such webhook. */
  updateWebhook(
    id: string,
    change: Pick<WebhookRecord, "url" | "events" | "rooms">,
  ): Promise<boolean>;
  /** @param reason In words; undefined goes on. @returns false if there is no such webhook. */
  pauseWebhook(id: string, reason: string | undefined): Promise<boolean>;
  /** With everything that waits for it. @returns false if there is no such webhook. */
  deleteWebhook(id: string): Promise<boolean>;
  /** What came of the last delivery, for operators. */
  noteWebhook(id: string, at: number, error: string | undefined): Promise<void>;
}

/** How far one webhook is in one room. */
export interface WebhookPlace {
  readonly room: RoomId;
  /** Of the log that the place is in; empty before the first. */
  readonly epoch: Epoch | "";
  /** The last sequence that is done with; 0 is before the first. */
  readonly place: Sequence;
}

/** A room with something that a webhook has not passed yet. */
export interface WebhookBehind extends WebhookPlace {
  readonly kind: RoomKind;
  /** The log as it is now. */
  readonly now: { readonly epoch: Epoch; readonly head: Sequence; readonly floor: Sequence };
  /** When the first event after the place was written; absent where it is gone. */
  readonly waitingSince?: number;
}

export interface WebhookPlaces {
  /** Rooms from `from` on by their ids, in whose logs the webhook is not at the end, or which began anew. `upTo` included. */
  webhookBehind(query: {
    readonly webhook: string;
    readonly from: string;
    readonly upTo?: string;
    readonly limit: number;
  }): Promise<readonly WebhookBehind[]>;
  /**
   * Moves a place, unless it is not `from` any more: who has been replaced, or overtaken by a replay, moves nothing.
   *
   * @returns whether it was moved.
   */
  advanceWebhook(
    webhook: string,
    from: WebhookPlace,
    to: { readonly epoch: Epoch; readonly place: Sequence },
  ): Promise<boolean>;
  /** What follows the place cannot be delivered. @returns since when: `now` unless that was said before. */
  webhookFails(webhook: string, from: WebhookPlace, now: number): Promise<number>;
  /**
   * Puts an event aside and moves the place behind it, in one transaction.
   *
   * @returns `moved` if the place was another by then, `full` if `limit` are aside already. Nothing was done then.
   */
  buryEvent(
    webhook: string,
    from: WebhookPlace,
    event: {
      readonly epoch: Epoch;
      readonly sequence: Sequence;
      readonly id: string;
      readonly type: string;
    },
    because: { readonly reason: string; readonly now: number; readonly limit: number },
  ): Promise<"done" | "moved" | "full">;
  /**
   * Goes back: what follows is delivered again. A place is never moved forward. Places of at most 200 rooms in one call.
   *
   * @returns how many went back, and where to go on; no `next` at the end.
   */
  rewindWebhook(
    webhook: string,
    query: {
      readonly from: string;
      readonly upTo?: string;
      /** The last sequence that is not delivered again, or the time of the first event that is. */
      readonly to: { readonly after: Sequence } | { readonly since: number };
    },
  ): Promise<{ readonly rooms: number; readonly next?: string }>;
}

/** Something that waits for a webhook beside the logs, or was given up. */
export interface WebhookDelivery {
  /** 1, 2, 3 … of this webhook: its place in the queue. */
  readonly number: number;
  /** Empty where it is of no room. */
  readonly room: RoomId | "";
  readonly id: string;
  readonly type: string;
  /** An event of a log, whose text stays there; or the whole event as JSON. */
  readonly content:
    | { readonly epoch: Epoch; readonly sequence: Sequence }
    | { readonly body: string };
  readonly queuedAt: number;
  readonly dead?: { readonly at: number; readonly reason: string };
}

/** Something that happened and is in no log. */
export interface NewWebhookEvent {
  readonly type: string;
  /** Empty where it is of no room. */
  readonly room: RoomId | "";
  /** What it has beside id, type, room and time. */
  readonly members: JsonObject;
}

/** One event of a log, as a webhook has it. */
export interface WebhookProgress {
  /** Absent where there is no such room. */
  readonly kind?: RoomKind;
  /** The last sequence that is done with, and since when the next one cannot be delivered. */
  readonly place: Sequence;
  readonly failingSince?: number;
  /** Those of the event that are in the queue or were given up, of every life of the log. */
  readonly aside: readonly WebhookDelivery[];
}

export interface WebhookQueue {
  /** What waits, in its order. */
  webhookQueue(webhook: string, limit: number): Promise<readonly WebhookDelivery[]>;
  /**
   * Puts events that are in no log behind what waits, in their order; none where there is no such webhook.
   *
   * @param limit So many may wait; the rest is not taken.
   * @returns how many were taken.
   */
  queueEvents(
    webhook: string,
    events: readonly NewWebhookEvent[],
    now: number,
    limit: number,
  ): Promise<number>;
  /** These are done with. */
  webhookDelivered(webhook: string, numbers: readonly number[]): Promise<void>;
  /** @returns `full` if `limit` are aside already. */
  buryDelivery(
    webhook: string,
    number: number,
    because: { readonly reason: string; readonly now: number; readonly limit: number },
  ): Promise<"done" | "full">;
  /** What was given up, in its order, above the number `after`. */
  deadDeliveries(
    webhook: string,
    after: number,
    limit: number,
  ): Promise<readonly WebhookDelivery[]>;
  /** Puts what was given up back into the queue, one or all, as of time 0: for one try more. @returns how many. */
  reviveDeliveries(webhook: string, number: number | undefined): Promise<number>;
  webhookCounts(webhook: string): Promise<{ readonly waiting: number; readonly dead: number }>;
  /** How far a webhook is with one event of a log. */
  webhookProgress(webhook: string, room: RoomId, sequence: Sequence): Promise<WebhookProgress>;
}

/** Somebody who is in a room now; room `""`: connected at all. */
export interface WebhookPresent {
  readonly room: RoomId | "";
  readonly user: UserId;
  /** Display name. */
  readonly name: string;
}

/** Who is where, node by node, and what each webhook was told of it. */
export interface WebhookPresence {
  /**
   * What changed on a node since it said so last, which also says that it lives. By the database's clock.
   *
   * @param change `isWhole`: it is everybody of that node, and replaces what was known of it.
   * @returns false if nothing is known of the node and this is not everybody: say everything.
   */
  putPresent(
    node: string,
    lifeMs: number,
    change: {
      readonly isWhole: boolean;
      readonly came: readonly WebhookPresent[];
      readonly went: readonly Omit<WebhookPresent, "name">[];
    },
  ): Promise<boolean>;
  /**
   * Compares what a webhook was told with who is there on nodes that live, and queues what is new, in one transaction. At most 500
   * changes of either kind in one call.
   *
   * @param wanted What is queued; the rest counts as told.
   */
  comparePresence(
    webhook: string,
    wanted: { readonly events: readonly string[]; readonly rooms: readonly string[] },
    now: number,
  ): Promise<{ readonly queued: number; readonly more: boolean }>;
}

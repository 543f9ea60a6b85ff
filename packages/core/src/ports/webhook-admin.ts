import type { Epoch, EventFrame, RoomId, Sequence } from "@parlance/protocol";
import type { WebhookDelivery, WebhookRecord } from "./webhooks.ts";

/** What operators do with webhooks. Every method but the first two throws `not_found` for one that is not there. */
export interface WebhookAdmin {
  /** Makes one. Its secret is told here and never again. @throws ProtocolError `bad_request`, `conflict` above 100 webhooks. */
  create(webhook: NewWebhook): Promise<WebhookRecord>;
  list(): Promise<readonly WebhookRecord[]>;
  status(id: string): Promise<WebhookStatus>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Sends one event `webhook.test` now. @returns what became of it, in words; undefined where it was taken. */
  test(id: string): Promise<string | undefined>;
  /** What was given up, above the number `after`. */
  dead(id: string, after: number, limit: number): Promise<readonly WebhookDelivery[]>;
  /** Tries again what was given up, one by its number or all. @returns how many. */
  revive(id: string, number: number | undefined): Promise<number>;
  /**
   * Delivers again what follows a position: in one room, or by time in all.
   *
   * @returns in how many rooms.
   * @throws ProtocolError `bad_request` for a sequence without a room.
   */
  replay(id: string, from: WebhookReplay): Promise<number>;
  /** What became of one event of a log at each webhook that wants it. */
  fates(event: EventFrame, epoch: Epoch): Promise<readonly WebhookFate[]>;
}

/** What became of an event at one webhook. Times in milliseconds since 1970. */
export interface WebhookFate {
  readonly webhook: Pick<WebhookRecord, "id" | "name" | "pausedBecause">;
  readonly state: WebhookState;
}

/**
 * `waiting`: `place` is the last of its room that was taken. Since `failingSince` the receiver does not take what follows; absent
 * where that was not tried yet, or is not known. `earlier`: written before the webhook was made; told only if it was replayed.
 * `dead`: among those given up, whatever a replay has delivered since.
 */
export type WebhookState =
  | { readonly type: "delivered" }
  | { readonly type: "earlier" }
  | { readonly type: "waiting"; readonly place: Sequence; readonly failingSince?: number }
  | { readonly type: "dead"; readonly at: number; readonly reason: string };

export interface NewWebhook {
  readonly name: string;
  /** `http:` or `https:`, without user name and password. */
  readonly url: string;
  /** Absent: all. */
  readonly events?: readonly string[];
  /** Absent: all. */
  readonly rooms?: readonly string[];
  /** 16-200 characters; made if absent. */
  readonly secret?: string;
}

export interface WebhookReplay {
  readonly room?: RoomId;
  /** Exactly one of both. `after`: the last sequence that is not delivered again. `since`: milliseconds since 1970. */
  readonly after?: Sequence;
  readonly since?: number;
}

export interface WebhookStatus {
  readonly webhook: WebhookRecord;
  /** Rooms and events of their logs that it has not passed, and other events that wait; at least so many where `isMore`. */
  readonly lag: {
    readonly rooms: number;
    readonly events: number;
    readonly isMore: boolean;
    /** When the oldest of them happened; milliseconds since 1970. */
    readonly oldestAt?: number;
  };
  /** Given up. */
  readonly dead: number;
}

/** Looks at all rooms for those that one webhook is behind in: finds what hints did not bring, and counts how far it is behind. */
import {
  type Clock,
  matchesAny,
  type Report,
  type WebhookBehind,
  type Webhooks,
} from "@parlance/core";
import type { RoomId } from "@parlance/protocol";

/** Rooms of one page. */
const pageRooms = 500;
/** A look at all rooms takes at most one part of so many of the time. */
const share = 20;
const pauseMs = 2_000;

/** What a whole look at the rooms found. */
export interface WebhookLag {
  readonly rooms: number;
  readonly events: number;
  /** When the oldest happened; milliseconds since 1970. */
  readonly oldestAt: number | undefined;
}

/** Of who is behind in no log. */
export const noLag: WebhookLag = { rooms: 0, events: 0, oldestAt: undefined };

export interface LooksPorts {
  readonly webhook: string;
  readonly store: () => { readonly webhooks: Pick<Webhooks, "webhookBehind"> };
  readonly clock: Clock;
  readonly report: Report;
  /** Patterns of the rooms that it wants, as they are now. */
  readonly rooms: () => readonly string[];
  /** There is something in a room. */
  readonly onRoom: (room: RoomId) => void;
  /** Whether there is place for another room; else the look goes on next time. */
  readonly hasPlace: () => boolean;
}

export class Looks {
  readonly #ports: LooksPorts;
  #from = "";
  #nextAt = Number.NEGATIVE_INFINITY;
  #isLooking = false;
  /** Of the last look that was whole, and of the one that is under way. */
  #lag: WebhookLag | undefined;
  #found: WebhookLag = noLag;

  constructor(ports: LooksPorts) {
    this.#ports = ports;
  }

  /** Undefined before the first look was whole. */
  get lag(): WebhookLag | undefined {
    return this.#lag;
  }

  /** Looks, if it is time or urgent. Never rejects. */
  async look(isUrgent: boolean): Promise<void> {
    const { clock, report, webhook } = this.#ports;
    const begun = clock.monotonic();
    if (this.#isLooking || (begun < this.#nextAt && !isUrgent)) return;
    this.#isLooking = true;
    try {
      await this.#lookOn();
    } catch (error) {
      report("warn", "webhook_look_failed", { webhook, error });
    }
    this.#isLooking = false;
    const tookMs = clock.monotonic() - begun;
    this.#nextAt = clock.monotonic() + Math.max(pauseMs, tookMs * share);
  }

  async #lookOn(): Promise<void> {
    const { store, webhook, hasPlace } = this.#ports;
    while (hasPlace()) {
      const query = { webhook, from: this.#from, limit: pageRooms };
      const found = await store().webhooks.webhookBehind(query);
      for (const behind of found) this.#take(behind);
      const last = found.at(-1);
      if (last === undefined || found.length < pageRooms) {
        this.#from = "";
        this.#lag = this.#found;
        this.#found = noLag;
        return;
      }
      // No room's name has a sign below this one.
      this.#from = `${last.room}!`;
    }
  }

  #take({ room, place, now, waitingSince }: WebhookBehind): void {
    const { rooms: wanted, onRoom } = this.#ports;
    onRoom(room);
    if (!matchesAny(wanted(), room)) return;
    const { rooms, events, oldestAt } = this.#found;
    const oldest = Math.min(oldestAt ?? Infinity, waitingSince ?? Infinity);
    this.#found = {
      rooms: rooms + 1,
      events: events + Math.max(0, now.head - Math.max(place, now.floor)),
      oldestAt: oldest === Infinity ? undefined : oldest,
    };
  }
}

/** What operators do with webhooks. */
import { randomBytes } from "node:crypto";
import {
  type Clock,
  isRoomPattern,
  matchesAny,
  type NewWebhook,
  type WebhookAdmin,
  type WebhookFate,
  type WebhookProgress,
  type WebhookRecord,
  type WebhookState,
  type WebhookStatus,
  type Webhooks,
} from "@parlance/core";
import { type Epoch, type EventFrame, ProtocolError } from "@parlance/protocol";
import { eventsOf, isEventPattern, wantsLogs } from "./events.ts";
import { type SendOptions, send } from "./request.ts";

/** Each one reads all rooms that it is for. */
const maxWebhooks = 100;
/** Pages of rooms that are counted for the lag; more rooms are told as more. */
const lagPages = 20;
const lagRooms = 500;
const maxPatterns = 100;

export interface WebhookAdminOptions extends SendOptions {
  readonly store: () => Webhooks;
  readonly clock: Clock;
  /** Something changed that the dispatcher wants to know. */
  readonly changed: () => void;
}

/** Over the store; deliveries themselves are the dispatcher's. */
export function createWebhookAdmin(options: WebhookAdminOptions): WebhookAdmin {
  const { store, clock, changed } = options;

  async function known(id: string): Promise<WebhookRecord> {
    const webhook = (await store().webhooks()).find((one) => one.id === id);
    if (webhook === undefined) throw new ProtocolError("not_found");
    return webhook;
  }

  async function mustBeDone(done: Promise<boolean>): Promise<void> {
    if (!(await done)) throw new ProtocolError("not_found");
    changed();
  }

  return {
    async create(wanted) {
      const { name, url, events, rooms } = checked(wanted);
      if ((await store().webhooks()).length >= maxWebhooks) {
        throw new ProtocolError("conflict", { field: "webhooks", limit: maxWebhooks });
      }
      const id = `wh_${randomBytes(8).toString("hex")}`;
      const secret = wanted.secret ?? randomBytes(24).toString("base64url");
      const webhook = { id, name, url, secret, events, rooms, createdAt: clock.now() };
      await store().createWebhook(webhook);
      changed();
      return webhook;
    },

    list: () => store().webhooks(),

    async status(id): Promise<WebhookStatus> {
      const webhook = await known(id);
      const { dead, waiting } = await store().webhookCounts(id);
      const [queued] = await store().webhookQueue(id, 1);
      let rooms = 0;
      let events = waiting;
      // What is tried once more is as of time 0: when it happened is not known here.
      let oldestAt = queued?.queuedAt === 0 ? undefined : queued?.queuedAt;
      let from = "";
      let pages = 0;
      for (; pages < lagPages && wantsLogs(webhook.events); pages += 1) {
        const page = await store().webhookBehind({ webhook: id, from, limit: lagRooms });
        for (const { room, place, now, waitingSince } of page) {
          if (!matchesAny(webhook.rooms, room)) continue;
          rooms += 1;
          events += Math.max(0, now.head - Math.max(place, now.floor));
          if (waitingSince !== undefined)
            oldestAt = Math.min(oldestAt ?? waitingSince, waitingSince);
        }
        const last = page.at(-1);
        if (last === undefined || page.length < lagRooms) break;
        from = `${last.room}!`;
      }
      const lag = { rooms, events, isMore: pages === lagPages };
      return { webhook, dead, lag: oldestAt === undefined ? lag : { ...lag, oldestAt } };
    },

    pause: (id) => mustBeDone(store().pauseWebhook(id, "paused by an operator")),
    resume: (id) => mustBeDone(store().pauseWebhook(id, undefined)),
    remove: (id) => mustBeDone(store().deleteWebhook(id)),

    async test(id) {
      const webhook = await known(id);
      const at = clock.now();
      const time = new Date(at).toISOString();
      const event = { id: `${id}.test.${at}`, type: "webhook.test", time };
      const { signal } = new AbortController();
      const outcome = await send(webhook, [event], options, signal, true);
      if (outcome.type === "gone") return "answered 410";
      return outcome.type === "failed" ? outcome.reason : undefined;
    },

    async dead(id, after, limit) {
      await known(id);
      return store().deadDeliveries(id, after, limit);
    },

    async revive(id, number) {
      await known(id);
      const revived = await store().reviveDeliveries(id, number);
      changed();
      return revived;
    },

    async replay(id, { room, after, since }) {
      await known(id);
      const to = after === undefined ? { since: since ?? 0 } : { after };
      if ((after === undefined) === (since === undefined)) {
        throw new ProtocolError("bad_request", { field: "after" });
      }
      // Sequences of different rooms have nothing to do with each other.
      if (after !== undefined && room === undefined) {
        throw new ProtocolError("bad_request", { field: "room" });
      }
      let rooms = 0;
      let from: string | undefined = room ?? "";
      while (from !== undefined) {
        const upTo = room === undefined ? {} : { upTo: room };
        const done = await store().rewindWebhook(id, { from, ...upTo, to });
        rooms += done.rooms;
        from = done.next;
      }
      changed();
      return rooms;
    },

    async fates(event, epoch) {
      const wanting = (await store().webhooks()).filter(({ rooms }) =>
        matchesAny(rooms, event.room),
      );
      const found = await Promise.all(
        wanting.map(async (webhook): Promise<readonly WebhookFate[]> => {
          const progress = await store().webhookProgress(webhook.id, event.room, event.sequence);
          const types = eventsOf(event, epoch, progress.kind ?? "public").map(({ type }) => type);
          if (!types.some((type) => matchesAny(webhook.events, type))) return [];
          return [{ webhook, state: stateOf(progress, webhook, event, epoch) }];
        }),
      );
      return found.flat();
    },
  } satisfies WebhookAdmin;
}

function stateOf(
  { place, failingSince, aside }: WebhookProgress,
  { createdAt }: WebhookRecord,
  { sequence, time }: EventFrame,
  epoch: Epoch,
): WebhookState {
  const own = aside.filter(({ content }) => "epoch" in content && content.epoch === epoch);
  const since = failingSince === undefined ? {} : { failingSince };
  // After a replay it is delivered again, whatever became of it before; tried once more, it waits in the queue.
  if (place < sequence) return { type: "waiting", place, ...since };
  if (own.some(({ dead }) => dead === undefined)) return { type: "waiting", place };
  const dead = own.at(-1)?.dead;
  if (dead !== undefined) return { type: "dead", ...dead };
  return { type: Date.parse(time) < createdAt ? "earlier" : "delivered" };
}

/** What can be wrong with one, told by its field. @throws ProtocolError `bad_request`. */
function checked({ name, url, secret, events = ["*"], rooms = ["*"] }: NewWebhook): {
  readonly name: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly rooms: readonly string[];
} {
  const wrong = (field: string): ProtocolError => new ProtocolError("bad_request", { field });
  if (!/^[a-z0-9][a-z0-9_.-]{0,63}$/.test(name)) throw wrong("name");
  if (url.length > 2_000 || !URL.canParse(url)) throw wrong("url");
  const { protocol, username, password } = new URL(url);
  // A name and password in an address would be shown wherever the address is.
  if (!/^https?:$/.test(protocol) || username !== "" || password !== "") throw wrong("url");
  if (secret !== undefined && (secret.length < 16 || secret.length > 200)) throw wrong("secret");
  const isSome = (list: readonly string[]): boolean =>
    list.length > 0 && list.length <= maxPatterns;
  if (!isSome(events) || !events.every(isEventPattern)) throw wrong("events");
  if (!isSome(rooms) || !rooms.every(isRoomPattern)) throw wrong("rooms");
  return { name, url, events, rooms };
}

/** Webhooks of a server: deliveries, and what operators do with them. */
import type {
  Broker,
  Ids,
  Node,
  Report,
  RoomLog,
  UnkeptFact,
  WebhookAdmin,
  Webhooks,
} from "@parlance/core";
import { createLease, LeaseKeeper } from "@parlance/doors";
import type { RoomId } from "@parlance/protocol";
import type { Store } from "@parlance/storage";
import {
  createWebhookAdmin,
  type Dispatcher,
  openDispatcher,
  type WebhookView,
} from "@parlance/webhooks";
import { systemClock } from "./clock.ts";
import type { Config } from "./config/schema.ts";
import { patiently } from "./patience.ts";
import { pusherAppOf } from "./pusher-http.ts";
import { keepPusherWebhook, PusherNews, pusherFormat, pusherWebhookId } from "./pusher-webhook.ts";
import { version } from "./version.ts";

export interface WebhookParts {
  readonly config: Config;
  readonly store: Store;
  readonly broker: Broker;
  readonly nodeId: string;
  readonly present: Node["present"];
  readonly askAll: Node["askAll"];
  /** Nobody else serves this install: it is always this node's turn. */
  readonly isAlone: boolean;
  readonly ids: Ids;
  readonly report: Report;
}

export interface ServerWebhooks {
  readonly admin: WebhookAdmin;
  /** As `Dispatcher.committed`; nothing before `begin`. */
  committed(room: RoomId): void;
  /** Something that is in no log, for Pusher's webhook; nothing before `begin`, and where that is off. */
  unkept(fact: UnkeptFact): void;
  /** As `Dispatcher.views`; none before `begin`. */
  views(): readonly WebhookView[];
  begin(): Promise<void>;
  close(): Promise<void>;
}

/** Puts them together. Nothing is delivered before `begin`. */
export function createWebhooks(parts: WebhookParts): ServerWebhooks {
  const { config, store, broker, nodeId, present, ids, report } = parts;
  const app = pusherAppOf(config);
  const formats = new Map(app === undefined ? [] : [[pusherWebhookId, pusherFormat(app)]]);
  const clock = systemClock;
  const sending = { clock, timeoutMs: config.webhook_timeout_ms, version, formats };
  let news: PusherNews | undefined;
  let dispatcher: Dispatcher | undefined;
  const stores: { readonly log: Pick<RoomLog, "read">; readonly webhooks: Webhooks } = store;

  return {
    admin: createWebhookAdmin({
      ...sending,
      store: () => store.webhooks,
      changed: () => dispatcher?.changed(),
    }),
    committed: (room) => dispatcher?.committed(room),
    views: () => dispatcher?.views() ?? [],
    unkept: (fact) => news?.hear(fact),
    async begin() {
      const { pusher_webhook_url: url, pusher_webhook_events: events } = config;
      const wanted = app === undefined || url === undefined ? undefined : { url, events };
      await patiently(() => keepPusherWebhook(store.webhooks, wanted, clock.now()));
      dispatcher = await openDispatcher({
        ...sending,
        nodeId,
        store: () => stores,
        broker,
        present,
        ids,
        report,
        giveUpMs: config.webhook_give_up_ms,
        takeTurns: (onTaken) => {
          if (!parts.isAlone) {
            const lease = createLease(store.directory, "webhooks", nodeId);
            return new LeaseKeeper(lease, "webhooks", report, onTaken);
          }
          queueMicrotask(onTaken);
          return { isHeld: true, close: () => Promise.resolve() };
        },
      });
      if (wanted === undefined) return;
      news = new PusherNews({
        webhooks: () => store.webhooks,
        node: parts,
        isHeld: () => dispatcher?.isHeld === true,
        clock,
        report,
        events,
      });
    },
    async close() {
      await news?.close();
      await dispatcher?.close();
    },
  };
}

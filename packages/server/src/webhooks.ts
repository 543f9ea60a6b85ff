/** Webhooks of a server: deliveries, and what operators do with them. */
import type { Broker, Ids, Node, Report, RoomLog, WebhookAdmin, Webhooks } from "@parlance/core";
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
import { version } from "./version.ts";

export interface WebhookParts {
  readonly config: Config;
  readonly store: Store;
  readonly broker: Broker;
  readonly nodeId: string;
  readonly present: Node["present"];
  /** Nobody else serves this install: it is always this node's turn. */
  readonly isAlone: boolean;
  readonly ids: Ids;
  readonly report: Report;
}

export interface ServerWebhooks {
  readonly admin: WebhookAdmin;
  /** As `Dispatcher.committed`; nothing before `begin`. */
  committed(room: RoomId): void;
  /** As `Dispatcher.views`; none before `begin`. */
  views(): readonly WebhookView[];
  begin(): Promise<void>;
  close(): Promise<void>;
}

/** Puts them together. Nothing is delivered before `begin`. */
export function createWebhooks(parts: WebhookParts): ServerWebhooks {
  const { config, store, broker, nodeId, present, ids, report } = parts;
  const sending = { clock: systemClock, timeoutMs: config.webhook_timeout_ms, version };
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
    async begin() {
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
    },
    close: async () => dispatcher?.close(),
  };
}

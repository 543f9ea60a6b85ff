import type { Webhooks } from "@parlance/core";
import { webhookReads } from "../sql/webhook-reads.ts";
import type { WebhookReadName, WebhookWriteName } from "../sql/webhook-rows.ts";
import { webhookWrites } from "../sql/webhook-writes.ts";
import type { Database } from "./database.ts";
import type { Readers } from "./readers.ts";
import { atOnce } from "./steps.ts";
import { now } from "./write-leases.ts";
import type { Writer } from "./writer.ts";

type AtOnce<N extends keyof Webhooks> = {
  readonly [M in N]: (...args: Parameters<Webhooks[M]>) => Awaited<ReturnType<Webhooks[M]>>;
};

/** What a reader thread can do. */
export type WebhookReads = AtOnce<WebhookReadName>;
/** What the writer can do, inside its transaction. */
export type WebhookWrites = AtOnce<WebhookWriteName>;

export function createWebhookReads(database: Database): WebhookReads {
  return atOnce<WebhookReads>(database, webhookReads);
}

export function createWebhookWrites(database: Database): WebhookWrites {
  return atOnce<WebhookWrites>(database, webhookWrites(now));
}

/** Reads in the readers' threads, writes in the writer's. */
export function createWebhooks(writer: Writer, readers: Readers): Webhooks {
  const reads = Object.keys(webhookReads).map((name) => [
    name,
    (...args: unknown[]) => readers.call(name as WebhookReadName, ...(args as never)),
  ]);
  const writes = Object.keys(webhookWrites(now)).map((name) => [
    name,
    (...args: unknown[]) => writer.call(name as WebhookWriteName, ...(args as never)),
  ]);
  return Object.fromEntries([...reads, ...writes]) as unknown as Webhooks;
}

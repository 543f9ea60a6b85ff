import type { Webhooks } from "@parlance/core";
import type { Steps } from "../sql/statements.ts";
import { webhookReads } from "../sql/webhook-reads.ts";
import { webhookWrites } from "../sql/webhook-writes.ts";
import type { Reads, Write } from "./access.ts";
import type { Session } from "./session.ts";
import { perform } from "./steps.ts";

/** @param now SQL of the database's own clock in milliseconds. */
export function createWebhooks(reads: Reads, write: Write, now: string): Webhooks {
  /* The same names and arguments: each method's work is run to its end on a connection. */
  type Through = <T>(work: (session: Session) => Promise<T>) => Promise<T>;
  const methods = (work: object, through: Through) =>
    Object.entries(work as Record<string, (...args: unknown[]) => Steps<unknown>>).map(
      ([name, steps]) =>
        [
          name,
          (...args: unknown[]) => through((session) => perform(session, steps(...args))),
        ] as const,
    );
  return Object.fromEntries([
    ...methods(webhookReads, (read) => reads.page(read)),
    ...methods(webhookWrites(now), write),
  ]) as unknown as Webhooks;
}

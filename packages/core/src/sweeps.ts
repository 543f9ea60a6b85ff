/** What a node looks for now and then, each kind one look at a time. */
import { sendDue } from "./commands/later.ts";
import { endIdle } from "./commands/open-messages.ts";
import type { Services } from "./services.ts";
import type { UnreadMonitor } from "./unread-monitor.ts";

/** How often it is looked for open messages that were left, at most and at least. */
const sweepOpenMs = [500, 10_000] as const;
/** How often it is looked for documents that are due to be compacted. */
const sweepDocumentsMs = 10_000;
const sweepFilesMs = 600_000;
const sweepRoomsMs = 10_000;
/** How often it is looked for messages whose time has come. */
const sendDueMs = 1_000;
/** How often one person's unread in one room is compared with the log. */
const unreadCheckMs = 10_000;

export interface SweepsContext {
  readonly services: Services;
  readonly unread: UnreadMonitor;
  /** Runs something again and again, until the node is closed. */
  every(intervalMs: number, run: () => void): void;
  /** A failure is no news: the node is closed, or that the database is away was told. */
  isQuiet(): boolean;
}

/** Begins all of them. */
export function beginSweeps({ services, unread, every, isQuiet }: SweepsContext): void {
  const { files, isAwake, rates, report, rooms, settings } = services;

  const look = (work: () => Promise<unknown>, failed: (error: unknown) => void): (() => void) => {
    let isLooking = false;
    return () => {
      if (isLooking) return;
      isLooking = true;
      void work()
        .catch((error: unknown) => {
          if (!isQuiet()) failed(error);
        })
        .finally(() => {
          isLooking = false;
        });
    };
  };

  const [least, most] = sweepOpenMs;
  every(
    Math.max(least, Math.min(most, settings.openMessageIdleMs / 4)),
    look(
      () => endIdle(services),
      (error) => report("warn", "open_message_sweep_failed", { error }),
    ),
  );
  // A node that was asleep does not know yet who may still be here, nor what it missed.
  const send = look(
    () => sendDue(services),
    (error) => report("warn", "scheduled_sweep_failed", { error }),
  );
  every(sendDueMs, () => {
    if (isAwake()) send();
  });
  // One after the other: compacting a large one takes a moment of the event loop.
  const compact = look(
    async () => {
      for (const { document } of [...rooms]) await document?.keepUp();
    },
    (error) => report("warn", "document_upkeep_failed", { error }),
  );
  every(sweepDocumentsMs, () => {
    if (isAwake()) compact();
  });
  every(
    unreadCheckMs,
    look(
      () => unread.compare(),
      (error) => report("warn", "unread_check_failed", { error }),
    ),
  );
  every(sweepRoomsMs, () => {
    rooms.sweep();
    rates.sweep();
  });
  if (files === undefined) return;
  const sweepFiles = look(
    () => files.sweep(),
    (error) => report("warn", "file_sweep_failed", { error }),
  );
  sweepFiles();
  every(sweepFilesMs, sweepFiles);
}

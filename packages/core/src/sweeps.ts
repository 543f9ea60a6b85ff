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
  const { files, isAwake, rates, rooms, settings } = services;

  /** @param failed The event of the log for a look that failed. */
  const look = (failed: string, work: () => Promise<unknown>): (() => void) => {
    let isLooking = false;
    return () => {
      if (isLooking) return;
      isLooking = true;
      void work()
        .catch((error: unknown) => {
          if (!isQuiet()) services.report("warn", failed, { error });
        })
        .finally(() => {
          isLooking = false;
        });
    };
  };

  const [least, most] = sweepOpenMs;
  every(
    Math.max(least, Math.min(most, settings.openMessageIdleMs / 4)),
    look("open_message_sweep_failed", () => endIdle(services)),
  );
  // A node that was asleep does not know yet who may still be here, nor what it missed.
  const send = look("scheduled_sweep_failed", () => sendDue(services));
  every(sendDueMs, () => {
    if (isAwake()) send();
  });
  // One after the other: compacting a large one takes a moment of the event loop.
  const compact = look("document_upkeep_failed", async () => {
    for (const { document } of [...rooms]) await document?.keepUp();
  });
  every(sweepDocumentsMs, () => {
    if (isAwake()) compact();
  });
  every(
    unreadCheckMs,
    look("unread_check_failed", () => unread.compare()),
  );
  every(sweepRoomsMs, () => {
    rooms.sweep();
    rates.sweep();
  });
  if (files === undefined) return;
  const sweepFiles = look("file_sweep_failed", () => files.sweep());
  sweepFiles();
  every(sweepFilesMs, sweepFiles);
}

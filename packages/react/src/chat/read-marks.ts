/** Tells the server how far one has read, without a command for each message. */

/** A mark travels at most this often for one room. */
const intervalMs = 1_000;

/** Collects marks per room; the highest travels. */
export interface ReadMarks {
  mark(room: string, sequence: number): void;
  /** What has not travelled yet does not count. */
  drop(room: string): void;
  close(): void;
}

/** @param tell Sends one mark. A failure is forgotten: the next mark covers it. */
export function createReadMarks(
  tell: (room: string, sequence: number) => Promise<void>,
): ReadMarks {
  const due = new Map<string, number>();
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const flush = (room: string): void => {
    timers.delete(room);
    const sequence = due.get(room);
    due.delete(room);
    if (sequence === undefined) return;
    tell(room, sequence).catch(() => undefined);
    timers.set(
      room,
      setTimeout(() => flush(room), intervalMs),
    );
  };
  return {
    mark: (room, sequence) => {
      due.set(room, Math.max(sequence, due.get(room) ?? 0));
      if (!timers.has(room)) flush(room);
    },
    drop: (room) => void due.delete(room),
    close: () => {
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

/** Tells the server how far one has read, without a command for each message. */

/** A mark travels at most this often for one room. */
const intervalMs = 1_000;

/** Collects marks per room; the highest travels. */
export interface ReadMarks {
  mark(room: string, sequence: number): void;
  /** As `mark`, where one is on its way: it would else be behind what the server knows. */
  raise(room: string, sequence: number): void;
  /** What has not travelled yet does not count. Resolves once what is on its way was answered. */
  drop(room: string): Promise<void>;
  close(): void;
}

/** @param tell Sends one mark. A failure is forgotten: the next mark covers it. */
export function createReadMarks(
  tell: (room: string, sequence: number) => Promise<void>,
): ReadMarks {
  const due = new Map<string, number>();
  const answers = new Map<string, Promise<void>>();
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const flush = (room: string): void => {
    timers.delete(room);
    const sequence = due.get(room);
    due.delete(room);
    if (sequence === undefined) return;
    const answer = tell(room, sequence).catch(() => undefined);
    answers.set(room, answer);
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
    raise: (room, sequence) => {
      if (timers.has(room)) due.set(room, Math.max(sequence, due.get(room) ?? 0));
    },
    drop: async (room) => {
      due.delete(room);
      await answers.get(room);
    },
    close: () => {
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

/**
 * Ways to build it wrong. Each replaces one part of an honest run by a worse one and names the invariants by which
 * the checker must notice.
 */
import { type Append, type Link, type RoomLog, StorageError } from "@parlance/core";
import type { AnyDurableEvent, EventFrame } from "@parlance/protocol";
import type { Tampering, Tools } from "@parlance/testkit/simulation";

export interface Mutant {
  readonly name: string;
  /** One of these is found. */
  readonly breaks: readonly string[];
  readonly tampering: Tampering;
}

/** Where the next event of a room would stand. */
function nextPlace(tools: Tools, append: Append) {
  const room = tools.store.state.rooms.get(append.room);
  if (room === undefined) return undefined;
  const { epoch, revision, countable, events } = room;
  return { epoch, revision, countable: countable + 1, sequence: events.length + 1 };
}

function frameAt(append: Append, sequence: number): EventFrame {
  const { type, data } = append.event as AnyDurableEvent;
  const { room, id, author, time } = append;
  return {
    type,
    room,
    sequence,
    id,
    author,
    time: new Date(time).toISOString(),
    data,
  } as EventFrame;
}

const withAppend =
  (change: (log: RoomLog, tools: Tools) => RoomLog["append"]) =>
  (log: RoomLog, tools: Tools): RoomLog => ({ ...log, append: change(log, tools) });

const ackBeforeCommit = withAppend((log, tools) => async (append) => {
  const place = nextPlace(tools, append);
  if (place === undefined || append.create !== undefined || !tools.random.chance(0.1)) {
    return log.append(append);
  }
  // Answered at once; what was only in memory is gone.
  return { outcome: "stored", ...place, id: append.id, time: append.time, repeated: false };
});

const announceBeforeCommit = withAppend((log, tools) => async (append) => {
  const place = nextPlace(tools, append);
  if (place !== undefined) {
    const event = { ...place, frame: frameAt(append, place.sequence) };
    tools.announce(append.room, { type: "committed", epoch: place.epoch, events: [event] });
    if (tools.random.chance(0.1)) throw new StorageError("rolled back", "none");
  }
  return log.append(append);
});

/** A link like `link`, whose lines pass through `change`. */
function withLines(link: Link, change: (line: string) => readonly string[]): Link {
  return {
    get unsentBytes() {
      return link.unsentBytes;
    },
    write: (chunk) => {
      const lines = Buffer.from(chunk).toString().trimEnd().split("\n").flatMap(change);
      if (lines.length > 0) link.write(Buffer.from(`${lines.join("\n")}\n`));
    },
    close: (code, reason) => link.close(code, reason),
    terminate: () => link.terminate(),
  };
}

const isMessage = (line: string): boolean => line.startsWith('{"type":"message.created"');

interface WithPosition {
  readonly room?: string;
  position?: { epoch: string; offset: number };
  readonly rooms?: readonly WithPosition[];
}

/** Rewrites the positions that clients resume from. */
const withPositions =
  (change: (position: { epoch: string; offset: number }, epoch: string, head: number) => void) =>
  (inlet: Parameters<NonNullable<Tampering["inlet"]>>[0], tools: Tools) => ({
    connectionId: inlet.connectionId,
    get identity() {
      return inlet.identity;
    },
    perform: (
      task: Parameters<typeof inlet.perform>[0],
      answer: Parameters<typeof inlet.perform>[1],
    ) => inlet.perform(task, answer),
    send: (text: string) => inlet.send(text),
    heard: () => inlet.heard(),
    end: (code: Parameters<typeof inlet.end>[0]) => inlet.end(code),
    confirmed: (mark: number) => inlet.confirmed(mark),
    keepPlaces: (device: Parameters<typeof inlet.keepPlaces>[0]) => inlet.keepPlaces(device),
    drained: () => inlet.drained(),
    closed: (code: number) => inlet.closed(code),
    receive: (frame: string) => {
      const command = JSON.parse(frame) as WithPosition;
      for (const { room, position } of [command, ...(command.rooms ?? [])]) {
        const found = [...tools.store.state.rooms.values()].find((one) => one.room === room);
        if (found !== undefined && position !== undefined) {
          change(position, found.epoch, found.events.length);
        }
      }
      inlet.receive(JSON.stringify(command));
    },
  });

export const mutants: readonly Mutant[] = [
  {
    name: "acknowledges before the commit",
    breaks: ["I-1"],
    tampering: { log: ackBeforeCommit },
  },
  {
    name: "announces before the commit",
    breaks: ["I-3"],
    tampering: { log: announceBeforeCommit },
  },
  {
    name: "does not drop what it delivered already",
    breaks: ["I-11"],
    tampering: {
      link: (link, { random }) =>
        withLines(link, (line) => (isMessage(line) && random.chance(0.05) ? [line, line] : [line])),
    },
  },
  {
    name: "puts members out in the database only",
    breaks: ["I-14"],
    tampering: {
      kick: (room, user, { store }) => void store.state.rooms.get(room)?.members.delete(user),
    },
  },
  {
    name: "resumes without looking at the epoch",
    breaks: ["I-13"],
    tampering: {
      inlet: withPositions((position, epoch) => {
        position.epoch = epoch;
      }),
    },
  },
  {
    name: "begins anew at the head without telling",
    breaks: ["I-13"],
    tampering: {
      inlet: withPositions((position, epoch, head) => {
        if (position.epoch !== epoch) Object.assign(position, { epoch, offset: head });
      }),
    },
  },
  {
    name: "ends subscriptions of a lost epoch without telling",
    breaks: ["I-10", "I-12"],
    tampering: {
      link: (link) => withLines(link, (line) => (line.startsWith('{"type":"reset"') ? [] : [line])),
    },
  },
  {
    name: "drops silently what a slow reader does not take",
    breaks: ["I-10"],
    tampering: {
      link: (link) =>
        withLines(link, (line) => (isMessage(line) && link.unsentBytes > 1_500 ? [] : [line])),
    },
  },
  {
    name: "lets clients try again under a new client message id",
    breaks: ["I-4"],
    tampering: { clientsForgetIds: true },
  },
  {
    name: "stores without the client message id",
    breaks: ["I-4"],
    tampering: {
      log: withAppend(
        (log) =>
          ({ clientMessageId: _, ...append }) =>
            log.append(append),
      ),
    },
  },
  {
    name: "stores under rights that have ended",
    breaks: ["I-6"],
    tampering: {
      log: withAppend(
        (log) =>
          ({ revision: _, ...append }) =>
            log.append(append),
      ),
    },
  },
  {
    name: "looks at tokens only when somebody signs in",
    breaks: ["I-17"],
    tampering: { log: (log) => ({ ...log, control: async () => [] }) },
  },
  {
    name: "notices a lost announcement only with the next one",
    breaks: ["I-12"],
    tampering: {
      log: (log) => ({
        ...log,
        heads: async (rooms) => {
          const heads = await log.heads(rooms);
          return new Map([...heads].map(([room, head]) => [room, { ...head, head: 0 }]));
        },
      }),
    },
  },
  {
    name: "reads a page of the log with a hole",
    breaks: ["I-3", "I-10", "I-12"],
    tampering: {
      log: (log, { random }) => ({
        ...log,
        read: async (query) => {
          const page = await log.read(query);
          if (page === undefined || page.events.length < 2 || !random.chance(0.3)) return page;
          const events = page.events.toSpliced(1, 1).map((event, index) => {
            const sequence = (page.events[0]?.frame.sequence ?? 0) + index;
            return { ...event, frame: { ...event.frame, sequence } };
          });
          return { ...page, events };
        },
      }),
    },
  },
];

/** Threads of a memory store: which message is in which, and what people have to do with them. */
import type { Append, MessagePlace, ThreadRecord, Threads } from "@parlance/core";
import {
  type DurablePayloads,
  type EventId,
  limits,
  type RoomId,
  type ThreadSummary,
  type UserId,
} from "@parlance/protocol";
import type { MemoryRoom, MemoryState } from "./state.ts";

interface Person {
  follows: boolean;
  readMark: number;
  /** Messages of the thread up to the mark. */
  running: number;
}

interface ThreadMessage {
  readonly id: EventId;
  readonly sequence: number;
  readonly author: UserId;
  readonly time: number;
}

/** One thread; the message of running number n is at n - 1. */
export interface MemoryThread {
  readonly room: RoomId;
  readonly messages: ThreadMessage[];
  readonly people: Map<UserId, Person>;
}

function threadOf(state: MemoryState, room: RoomId, root: EventId): MemoryThread {
  const known = state.threads.get(root);
  if (known !== undefined) return known;
  const made: MemoryThread = { room, messages: [], people: new Map() };
  state.threads.set(root, made);
  return made;
}

/** The root of the thread that a message is in. */
export function rootOf(state: MemoryState, id: EventId): EventId | undefined {
  for (const [root, { messages }] of state.threads) {
    if (messages.some((message) => message.id === id)) return root;
  }
  return undefined;
}

/** What was written under a message. */
export function summaryOf(state: MemoryState, root: EventId): ThreadSummary | undefined {
  const thread = state.threads.get(root);
  const last = thread?.messages.at(-1);
  if (thread === undefined || last === undefined) return undefined;
  const people = [...new Set(thread.messages.map(({ author }) => author))];
  return {
    count: thread.messages.length,
    last_sequence: last.sequence,
    last_time: new Date(last.time).toISOString(),
    people: people.slice(0, limits.threadPeople),
  };
}

/** Follows one stored message of a thread. */
export function addToThread(
  state: MemoryState,
  room: MemoryRoom,
  { id, author, principal, time }: Append,
  root: EventId,
): void {
  const thread = threadOf(state, room.room, root);
  const sequence = room.events.length;
  const begun = room.events.find(({ frame }) => frame.id === root);
  const isFirst = thread.messages.length === 0;
  thread.messages.push({ id, sequence, author, time });
  const isOwnRoot = (begun?.principal as string | undefined) === begun?.frame.author;
  if (isFirst && begun !== undefined && isOwnRoot && !thread.people.has(begun.frame.author)) {
    thread.people.set(begun.frame.author, { follows: true, readMark: 0, running: 0 });
  }
  if ((principal as string) !== author) return;
  const running = thread.messages.length;
  thread.people.set(author, { follows: true, readMark: sequence, running });
}

/** Follows in somebody's name who never said anything about this thread; a message and what comes behind it is unread. */
export function followFrom(state: MemoryState, root: EventId, id: EventId, user: UserId): void {
  const thread = state.threads.get(root);
  const running = thread?.messages.findIndex((one) => one.id === id) ?? 0;
  if (thread === undefined || thread.people.has(user)) return;
  const readMark = (thread.messages[running]?.sequence ?? 1) - 1;
  thread.people.set(user, { follows: true, readMark, running });
}

/** Whoever is put out follows nothing in that room any more. */
export function endFollowing(
  state: MemoryState,
  room: RoomId,
  { user }: Pick<DurablePayloads["member.left"], "user">,
): void {
  for (const thread of state.threads.values()) {
    const person = thread.room === room ? thread.people.get(user) : undefined;
    if (person !== undefined) person.follows = false;
  }
}

/** What people have to do with threads, over a memory state. */
export function createMemoryThreads(state: MemoryState): Threads {
  const standing = (root: EventId, user: UserId): ThreadRecord => {
    const thread = state.threads.get(root);
    const person = thread?.people.get(user);
    return {
      follows: person?.follows ?? false,
      readMark: person?.readMark ?? 0,
      unread: (thread?.messages.length ?? 0) - (person?.running ?? 0),
    };
  };
  const numberOf = (id: EventId): number => state.messages.indexOf(id) + 1;

  return {
    threadStanding: async (root, user) => standing(root, user),
    followedThreads: async ({ user, room, follows = true, unread, before, limit }) =>
      [...state.threads]
        .flatMap(([root, thread]) => {
          const last = thread.messages.at(-1);
          if (last === undefined || !thread.people.has(user)) return [];
          const record = standing(root, user);
          return [{ ...record, room: thread.room, root, lastNumber: numberOf(last.id) }];
        })
        .filter((one) => one.follows === follows && (room === undefined || one.room === room))
        .filter((one) => unread !== true || one.unread > 0)
        .filter((one) => one.lastNumber < (before ?? Number.POSITIVE_INFINITY))
        .sort((left, right) => right.lastNumber - left.lastNumber)
        .slice(0, limit),
    followThread: async (room, root, user, follows) => {
      const { messages, people } = threadOf(state, room, root);
      const person = people.get(user);
      if (person === undefined) {
        const readMark = messages.at(-1)?.sequence ?? 0;
        people.set(user, { follows, readMark, running: messages.length });
      } else person.follows = follows;
      return standing(root, user);
    },
    markThreadRead: async (room, root, user, sequence) => {
      const { messages, people } = threadOf(state, room, root);
      const readMark = Math.min(sequence, state.rooms.get(room)?.events.length ?? 0);
      if ((people.get(user)?.readMark ?? -1) >= readMark) return standing(root, user);
      const running = messages.filter((one) => one.sequence <= readMark).length;
      const follows = people.get(user)?.follows ?? false;
      people.set(user, { follows, readMark, running });
      return standing(root, user);
    },
  } satisfies Threads;
}

/** Where a message is, with its thread. */
export function withThread(state: MemoryState, place: MessagePlace): MessagePlace {
  const thread = rootOf(state, place.id);
  return thread === undefined ? place : { ...place, thread };
}

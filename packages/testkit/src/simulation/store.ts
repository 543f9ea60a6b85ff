import type { Append, Appended, Directory, RoomLog } from "@parlance/core";
import { StorageError } from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import { createMemoryDirectory } from "../memory/directory.ts";
import { createMemoryRoomLog } from "../memory/room-log.ts";
import { addRoom, createState, type MemoryState } from "../memory/state.ts";
import type { SimHost } from "./host.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** How badly the database behaves. */
export interface StoreFaults {
  /** Appends that surely do not happen and fail. */
  refuseRate: number;
  /** Appends whose answer is lost, half of them before and half after they were stored. */
  unknownRate: number;
  /** Longest way to the database and back, each, in milliseconds. */
  maxDelayMs: number;
  /** Nothing reaches it. */
  isDown: boolean;
}

/** One room's way there and back, of one node. */
interface Lane {
  request: number;
  answer: number;
  /** What was under way when the node died was lost with it, from some call on. */
  isLost?: boolean;
}

/** One in-memory store and the ways to it: slow, refusing, silent about outcomes, away, put back to an older state. */
export class FaultyStore {
  readonly faults: StoreFaults = { refuseRate: 0, unknownRate: 0, maxDelayMs: 3, isDown: false };
  readonly state: MemoryState;
  /** Without delay or fault, for the checker and the operator. */
  readonly log: RoomLog;
  readonly directory: Directory;
  /** When a call last failed: what a client sent behind a message that failed may stand before it. */
  failedAt: number = Number.NEGATIVE_INFINITY;
  /** Told of each append as a node asks for it. */
  asked: (host: SimHost, append: Append) => void = () => {};
  readonly #scheduler: Scheduler;
  readonly #random: Random;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
    const next = (): number => random.next();
    this.state = createState(next);
    this.log = createMemoryRoomLog(this.state, next);
    this.directory = createMemoryDirectory(this.state);
  }

  /** Puts a room back to where it had `kept` events: another life of its log. */
  restore(id: RoomId, kept: number): void {
    const old = this.state.rooms.get(id);
    if (old === undefined) return;
    const random = (): number => this.#random.next();
    const { kind, title } = old;
    const room = addRoom(this.state, id, { kind, title, createdAt: 0 }, random);
    for (const event of old.events.slice(0, kept)) {
      room.events.push(event);
      if (event.key !== undefined) room.byKey.set(event.key, event);
    }
    room.countable = room.events.at(-1)?.countable ?? 0;
    room.revision = old.revision;
    for (const [user, member] of old.members) {
      // What is put back has marks of that time too: none above its head.
      const readMark = Math.min(member.readMark, kept);
      const privateMark = Math.min(member.privateMark, kept);
      const privateCountable = room.events[privateMark - 1]?.countable ?? 0;
      room.members.set(user, { ...member, readMark, privateMark, privateCountable });
    }
  }

  /** The log as one node reaches it. */
  logFor(host: SimHost): RoomLog {
    const { log } = this;
    const lanes = new Map<RoomId, Lane>();
    return {
      append: (append) => this.#append(host, lanes, append),
      open: (room, createAs) => this.#call(host, "open", () => log.open(room, createAs)),
      read: (query) => this.#call(host, "read", () => log.read(query)),
      heads: (rooms) => this.#call(host, "heads", () => log.heads(rooms)),
      proof: (room, from, to, withheld) =>
        this.#call(host, "proof", () => log.proof(room, from, to, withheld)),
      findMessage: (ref) => this.#call(host, "find message", () => log.findMessage(ref)),
      messages: (query) => this.#call(host, "messages", () => log.messages(query)),
      search: (query) => this.#call(host, "search", () => log.search(query)),
      messageStats: (room) => this.#call(host, "stats", () => log.messageStats(room)),
      appendTexts: (pieces) => this.#call(host, "append texts", () => log.appendTexts(pieces)),
      openText: (message, from, most) =>
        this.#call(host, "open text", () => log.openText(message, from, most)),
      openMessages: (rooms) => this.#call(host, "open messages", () => log.openMessages(rooms)),
      idleMessages: (idleMs, most) =>
        this.#call(host, "idle messages", () => log.idleMessages(idleMs, most)),
      control: (after) => this.#call(host, "control", () => log.control(after)),
      controlHead: () => this.#call(host, "control head", () => log.controlHead()),
    } satisfies RoomLog;
  }

  /** The directory as one node reaches it. */
  directoryFor(host: SimHost): Directory {
    const direct = this.directory;
    const far =
      <A extends readonly unknown[], T>(name: string, ask: (...args: A) => Promise<T>) =>
      (...args: A): Promise<T> =>
        this.#call(host, name, () => ask(...args));
    return {
      ...direct,
      user: far("user", direct.user),
      session: far("session", direct.session),
      member: far("member", direct.member),
      members: far("members", direct.members),
      roomsOf: far("rooms of", direct.roomsOf),
      rooms: far("rooms", direct.rooms),
      discoverable: far("discoverable", direct.discoverable),
      markRead: far("mark read", direct.markRead),
      markUnread: far("mark unread", direct.markUnread),
      threadStanding: far("thread standing", direct.threadStanding),
      followedThreads: far("followed threads", direct.followedThreads),
      followThread: far("follow thread", direct.followThread),
      markThreadRead: far("mark thread read", direct.markThreadRead),
      mentionsOf: far("mentions", direct.mentionsOf),
      messageVersions: far("versions", direct.messageVersions),
      pins: far("pins", direct.pins),
      saveMessage: far("save message", direct.saveMessage),
      savedMessages: far("saved messages", direct.savedMessages),
      dueMessages: far("due messages", direct.dueMessages),
      claimScheduled: far("claim scheduled", direct.claimScheduled),
      settleScheduled: far("settle scheduled", direct.settleScheduled),
    };
  }

  #delay(): number {
    return this.#random.between(0, this.faults.maxDelayMs);
  }

  /** There, done, and back again; the answer reaches the host only if it lives. */
  #call<T>(host: SimHost, name: string, ask: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const back = (run: () => void): void => {
        this.#scheduler.after(this.#delay(), `${name} back`, run, host);
      };
      this.#scheduler.after(this.#delay(), name, () => {
        if (this.faults.isDown) {
          this.failedAt = this.#scheduler.now;
          back(() => reject(new StorageError("away", "none")));
        } else {
          ask().then(
            (answer) => back(() => resolve(answer)),
            (error: unknown) => back(() => reject(error as Error)),
          );
        }
      });
    });
  }

  /* One lane for each room and node, there and back: calls commit, and are answered, in call order. */
  #append(host: SimHost, lanes: Map<RoomId, Lane>, append: Append): Promise<Appended> {
    this.asked(host, append);
    const lane: Lane = lanes.get(append.room) ?? { request: 0, answer: 0 };
    lanes.set(append.room, lane);
    const scheduler = this.#scheduler;
    const roll = this.#random.next();
    const { refuseRate, unknownRate } = this.faults;
    return new Promise((resolve, reject) => {
      const back = (run: () => void): void => {
        lane.answer = Math.max(lane.answer, scheduler.now + this.#delay());
        scheduler.after(lane.answer - scheduler.now, "append back", run, host);
      };
      const fail = (effect: "none" | "unknown"): void => {
        this.failedAt = scheduler.now;
        back(() => reject(new StorageError("failed on purpose", effect)));
      };
      lane.request = Math.max(lane.request, scheduler.now + this.#delay());
      scheduler.after(lane.request - scheduler.now, "append", () => {
        if (host.isDead && !lane.isLost) lane.isLost = this.#random.chance(0.5);
        if (lane.isLost) return;
        if (this.faults.isDown || roll < refuseRate) return fail("none");
        if (roll < refuseRate + unknownRate / 2) return fail("unknown");
        const isAnswerLost = roll < refuseRate + unknownRate;
        this.log.append(append).then(
          (appended) => (isAnswerLost ? fail("unknown") : back(() => resolve(appended))),
          (error: unknown) => back(() => reject(error as Error)),
        );
      });
    });
  }
}

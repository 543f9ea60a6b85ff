/**
 * Presence through the database while the broker does not carry it: a node that is cut off from its broker (or has none)
 * puts its lists on a board that all nodes share, and looks there twice a second. As long as one node is cut off, those
 * that are not put theirs there too, for that node. With every broker up, a node asks the board for news once a second,
 * finds none, and writes nothing.
 */
import type {
  Broker,
  Notice,
  PresenceBoard,
  PresenceList,
  PutList,
  Report,
  Subject,
} from "@parlance/core";
import type { RoomId } from "@parlance/protocol";

export interface BoardOptions {
  readonly nodeId: string;
  /** Asked each time: a store that is exchanged has another board; undefined where the database has none. */
  readonly board: () => PresenceBoard | undefined;
  readonly report: Report;
  /** Whether notices reach the other nodes now. */
  readonly carries: () => boolean;
}

type Present = Notice & { readonly type: "present" };
type Listener = (notice: Notice) => void;

/** Milliseconds between two looks at the board while it is in use, and while it is not. */
const lookMs = 500;
const idleLookMs = 1_000;
/** A list is put so long after it was made, with what else there is by then. */
const putMs = 100;
/** Lists are repeated every 7.3 s (core's presence). One that is older than this may be of a node that died. */
const freshMs = 8_000;
/** How long a node that said that it is cut off counts as such: the lease of presence. */
const cutOffMs = 22_000;

const nothingSent = {
  sent: 0,
  received: 0,
  ignored: 0,
  skipped: 0,
  dropped: 0,
  queuedBytes: 0,
  connects: 0,
};

/** The broker, with presence going through the board where it has to. */
export function withPresenceBoard(broker: Broker, options: BoardOptions): Broker {
  return new BoardBroker(broker, options);
}

class BoardBroker implements Broker {
  readonly #broker: Broker;
  readonly #options: BoardOptions;
  readonly #listeners = new Map<Subject, Set<Listener>>();
  /** To be put; the newest of each room. */
  #unput = new Map<RoomId, PresenceList>();
  /** Rooms whose lists are wanted: this node has just begun to listen there. */
  #wanted = new Set<RoomId>();
  /** When this node put a list of a room last. */
  readonly #putAt = new Map<RoomId, number>();
  #board: PresenceBoard | undefined;
  /** Read up to here; undefined: nothing yet. */
  #place: number | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #wasCutOff = false;
  #othersCutOffUntil = Number.NEGATIVE_INFINITY;
  #isFailing = false;
  #working: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(broker: Broker, options: BoardOptions) {
    this.#broker = broker;
    this.#options = options;
    this.#timer = setInterval(() => {
      if (this.#isNeeded() || performance.now() - this.#lookedAt > idleLookMs - lookMs / 2) {
        void this.#work();
      }
    }, lookMs);
  }

  publish(subject: Subject, notice: Notice): void {
    this.#broker.publish(subject, notice);
    if (subject === "control" || !this.#isNeeded()) return;
    if (this.#options.board() === undefined) return;
    if (notice.type === "present") this.#put(subject, notice);
    if (notice.type === "who") this.#want(subject);
  }

  async subscribe(subject: Subject, listener: Listener): Promise<() => void> {
    const unsubscribe = await this.#broker.subscribe(subject, listener);
    const listeners = this.#listeners.get(subject) ?? new Set();
    this.#listeners.set(subject, listeners.add(listener));
    return () => {
      unsubscribe();
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(subject) === listeners) {
        this.#listeners.delete(subject);
      }
    };
  }

  onInterruption(listener: () => void): void {
    this.#broker.onInterruption(listener);
  }

  get carries(): boolean {
    return this.#broker.carries;
  }

  isConnected(): boolean {
    return this.#broker.isConnected();
  }

  counts(): ReturnType<NonNullable<Broker["counts"]>> {
    return this.#broker.counts?.() ?? nothingSent;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    await this.#working;
    // The last words of a node that stops; if they cannot be put, its lease ends as if it had died.
    if (this.#unput.size > 0) await this.#putAll(this.#options.board()).catch(() => {});
    await this.#broker.close();
  }

  /** Whether the board is in use: by this node, or by another one that hears nothing else. */
  #isNeeded(): boolean {
    return !this.#options.carries() || performance.now() < this.#othersCutOffUntil;
  }

  #put(room: RoomId, { node, users, isClosing }: Present): void {
    const isCutOff = !this.#options.carries();
    this.#unput.set(room, { node, room, users, isCutOff, isClosing: isClosing === true });
    this.#soonWork();
  }

  #want(room: RoomId): void {
    this.#wanted.add(room);
    this.#soonWork();
  }

  #soonWork(): void {
    if (this.#isClosed) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.#work();
    }, putMs);
  }

  /** One round at a time: one that is due while another is under way is the next look's. */
  async #work(): Promise<void> {
    if (this.#working !== undefined) {
      if (this.#unput.size + this.#wanted.size > 0) this.#soonWork();
      return;
    }
    this.#working = this.#round();
    try {
      await this.#working;
      this.#isFailing = false;
    } catch (error) {
      // The database is away, which others tell of; the lists stay and are put when it is back. Only where the board is in use
      // does somebody miss it.
      if (this.#isNeeded() && !this.#isFailing && !this.#isClosed) {
        const { report } = this.#options;
        report("warn", "presence_board_failed", { error });
      }
      this.#isFailing = this.#isNeeded();
    } finally {
      this.#working = undefined;
    }
  }

  async #round(): Promise<void> {
    const board = this.#options.board();
    if (board !== this.#board) {
      this.#board = board;
      this.#place = undefined;
    }
    if (board === undefined) return;
    const isCutOff = !this.#options.carries();
    if (isCutOff && !this.#wasCutOff) this.#askHere();
    this.#wasCutOff = isCutOff;
    await this.#putAll(board);
    await this.#look(board);
    if (!this.#isNeeded() && this.#putAt.size > 0) {
      this.#putAt.clear();
      await board.takeBack(this.#options.nodeId);
    }
  }

  /** Everybody here says whom they have, and what others have is looked up. */
  #askHere(): void {
    for (const [subject, listeners] of this.#listeners) {
      if (subject === "control") continue;
      this.#wanted.add(subject);
      for (const listener of [...listeners]) listener({ type: "who" });
    }
  }

  async #putAll(board: PresenceBoard | undefined): Promise<void> {
    const lists = this.#unput;
    if (board === undefined || lists.size === 0) return;
    this.#unput = new Map();
    try {
      await board.put([...lists.values()]);
    } catch (error) {
      // What was made since is newer.
      this.#unput = new Map([...lists, ...this.#unput]);
      throw error;
    }
    const now = performance.now();
    for (const room of lists.keys()) this.#putAt.set(room, now);
  }

  async #look(board: PresenceBoard): Promise<void> {
    const { nodeId, carries } = this.#options;
    this.#lookedAt = performance.now();
    const place = this.#place;
    const from = place === undefined ? { ageMs: freshMs } : { place };
    const news = await board.since(nodeId, from);
    for (const list of news) {
      this.#place = list.place;
      if (list.isCutOff) this.#othersCutOffUntil = performance.now() + cutOffMs;
      this.#hear(list);
    }
    const wanted = [...this.#wanted];
    if (wanted.length === 0 || carries()) {
      this.#wanted.clear();
      return;
    }
    const found = await board.inRooms(nodeId, wanted, freshMs);
    for (const room of wanted) this.#wanted.delete(room);
    for (const list of found) this.#hear(list);
  }

  #hear({ node, room, users, isCutOff, isClosing }: PutList): void {
    // Of a node that is not cut off the broker tells, sooner; what it put is for those who do not hear the broker.
    if (this.#options.carries() && !isCutOff) return;
    const listeners = this.#listeners.get(room);
    if (listeners === undefined) return;
    const notice: Present = { type: "present", node, users, ...(isClosing ? { isClosing } : {}) };
    const putAt = this.#putAt.get(room) ?? Number.NEGATIVE_INFINITY;
    const isUnknownThere = isCutOff && performance.now() - putAt > freshMs;
    for (const listener of [...listeners]) {
      listener(notice);
      if (isUnknownThere) listener({ type: "who" });
    }
  }
}

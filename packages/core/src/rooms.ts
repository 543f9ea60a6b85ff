/** The rooms that this node needs now: opened once for all who ask, compared with the log, closed when idle. */
import { ProtocolError, type RoomId } from "@parlance/protocol";
import { type Action, kindMadeBy, lacksScope } from "./authorize.ts";
import type { NamedRooms } from "./gate.ts";
import { isForSigned, kindByName, kinds } from "./kinds.ts";
import { makeOwned } from "./owned-rooms.ts";
import type { Identity, NewRoom, Notice, Unsubscribe } from "./ports/index.ts";
import { Room, type RoomContext } from "./room.ts";

/** An open room that nobody used for so long, and nobody subscribes to, is closed. */
const idleMs = 30_000;
/** Notices kept for a room while it opens; what is over is found in the log. */
const maxEarlyNotices = 256;

/** Who wants to do what with a room that may not be there yet. */
export interface RoomUse {
  readonly identity: Identity;
  readonly action: Action;
  /** The application signed for it. */
  readonly isGranted?: boolean;
}

/** What all rooms of a node work with. */
export interface RoomsContext extends Omit<RoomContext, "onLost"> {
  readonly namedRooms: NamedRooms;
}

interface Opened {
  readonly room: Room;
  readonly unsubscribe: Unsubscribe;
}

export class Rooms {
  readonly #context: RoomsContext & RoomContext;
  readonly #opened = new Map<RoomId, Opened>();
  readonly #opening = new Map<RoomId, Promise<Room | undefined>>();

  constructor(context: RoomsContext) {
    this.#context = { ...context, onLost: (room) => void this.#lost(room) };
  }

  get count(): number {
    return this.#opened.size;
  }

  /** The room if it is open on this node. */
  get(id: RoomId): Room | undefined {
    const opened = this.#opened.get(id);
    if (opened === undefined) return undefined;
    opened.room.usedAt = this.#context.clock.monotonic();
    return opened.room;
  }

  /**
   * Opens a room: listens at the broker first, then reads where the log is, so that nothing falls between.
   *
   * @param use By whom and for what. It comes into being where its name's kind allows that; absent, never.
   * @throws ProtocolError `not_found`.
   */
  async open(id: RoomId, use?: RoomUse): Promise<Room> {
    const opened = this.get(id);
    if (opened !== undefined) return opened;
    const createAs = this.#newRoom(id, use);
    const isOwned = createAs !== undefined && kinds[createAs.kind].isOwned === true;
    let opening = this.#opening.get(id);
    if (opening === undefined) {
      opening = this.#open(id, isOwned ? undefined : createAs);
      this.#opening.set(id, opening);
      const done = (): void => void this.#opening.delete(id);
      opening.then(done, done);
    }
    const room = await opening;
    if (room !== undefined) return room;
    if (isOwned && use !== undefined) {
      await makeOwned(this.#context, use.identity, id, createAs);
      return this.open(id, use);
    }
    // Somebody who may not create it was first to ask; whoever may, asks again.
    if (createAs !== undefined) return this.open(id, use);
    throw new ProtocolError(use !== undefined && lacksScope(use, id) ? "forbidden" : "not_found");
  }

  #newRoom(id: RoomId, use: RoomUse | undefined): NewRoom | undefined {
    if (use === undefined) return undefined;
    const named = this.#context.namedRooms.get(id);
    const kind =
      use.isGranted === true && isForSigned(id)
        ? kindByName(id)
        : kindMadeBy(use.identity, use.action, id, named?.kind);
    if (kind === undefined) return undefined;
    return { kind, title: named?.title ?? id, createdAt: this.#context.clock.now() };
  }

  async #open(id: RoomId, createAs: NewRoom | undefined): Promise<Room | undefined> {
    const early: Notice[] = [];
    let room: Room | undefined;
    const unsubscribe = await this.#context.broker.subscribe(id, (notice) => {
      if (room !== undefined) room.hear(notice);
      else if (early.length < maxEarlyNotices) early.push(notice);
    });
    try {
      const record = await this.#context.log.open(id, createAs);
      if (record === undefined) {
        unsubscribe();
        return undefined;
      }
      room = new Room(record, this.#context);
    } catch (error) {
      unsubscribe();
      throw error;
    }
    this.#opened.set(id, { room, unsubscribe });
    for (const notice of early) room.hear(notice);
    this.#context.broker.publish(id, { type: "who" });
    return room;
  }

  *[Symbol.iterator](): Generator<Room> {
    for (const { room } of this.#opened.values()) yield room;
  }

  /** Compares every open room with the log, in one query. What a lost notice left out is read and delivered. */
  async checkHeads(): Promise<void> {
    const behind = await this.#compare();
    if (behind !== undefined) await this.lostCommits(behind);
  }

  /** @returns a room whose log is behind what was told of it. */
  async #compare(): Promise<Room | undefined> {
    if (this.#opened.size === 0) return undefined;
    let behind: Room | undefined;
    // Rooms that open while the question is under way have read their place themselves.
    const asked = [...this];
    const known = new Map(asked.map((room) => [room, room.last]));
    const heads = await this.#context.log.heads(asked.map((room) => room.record.room));
    for (const room of asked) {
      const head = heads.get(room.record.room);
      if (head === undefined || head.epoch !== room.epoch) void this.#lost(room);
      else if (head.head < (known.get(room) ?? 0)) behind ??= room;
      else if (head.head > room.last) room.repair();
    }
    return behind;
  }

  /**
   * The log is behind what this node has seen of a room: every room begins a new life, and clients are told. Never fails;
   * what could not be done now is noticed again.
   */
  async lostCommits(room: Room): Promise<void> {
    const { epoch, record } = room;
    const { log } = this.#context;
    // Nobody but this process can take anything back: then it is a bug, and a new epoch is no cure.
    if (log.renewEpochs === undefined) return;
    const lost = new Error(`the log of ${record.room} is behind what was told of it`);
    this.#context.onFailure("commits_lost", lost);
    try {
      await log.renewEpochs(epoch);
      await this.#compare();
    } catch (error) {
      this.#context.onFailure("renewal_failed", error);
    }
  }

  /** Every open room reads on, and says again who is here: notices may have been lost, both ways. */
  repairAll(): void {
    for (const room of this) {
      room.repair();
      room.presence.asked();
      room.awareness.asked();
    }
  }

  /** Closes what nobody needs. */
  sweep(): void {
    const now = this.#context.clock.monotonic();
    for (const [id, { room, unsubscribe }] of this.#opened) {
      if (!room.isIdle || now - room.usedAt < idleMs) continue;
      this.#opened.delete(id);
      unsubscribe();
      room.close();
    }
  }

  close(): void {
    for (const { room, unsubscribe } of this.#opened.values()) {
      unsubscribe();
      room.close();
    }
    this.#opened.clear();
  }

  /* The log began a new life: what clients hold no longer means anything, and they are told so. */
  async #lost(room: Room): Promise<void> {
    const { room: id } = room.record;
    const opened = this.#opened.get(id);
    if (opened?.room !== room) return;
    this.#opened.delete(id);
    opened.unsubscribe();
    room.close();
    let { epoch } = room;
    try {
      epoch = (await this.#context.log.open(id))?.epoch ?? epoch;
    } catch (error) {
      this.#context.onFailure("reset_read_failed", error);
    }
    room.endAll({ type: "reset", room: id, epoch });
  }
}

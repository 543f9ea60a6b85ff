/**
 * Decides the invariants from what clients saw and from the rows of the log, after each step. Their numbers
 * are those of the reliability notes; each is stated beside its check.
 */
import type { Append } from "@parlance/core";
import type { Epoch, EventFrame, Published, RoomId, Subscribed, UserId } from "@parlance/protocol";
import { canonicalize, type Json } from "@parlance/protocol";
import type { MemoryRoom } from "../memory/state.ts";
import { type SimHost, wallTime } from "./host.ts";
import type { Intent } from "./intent.ts";
import type { SimLink } from "./link.ts";
import type { Scheduler } from "./scheduler.ts";
import type { FaultyStore } from "./store.ts";

export interface Violation {
  /** `I-1` … as in the list, or `bug` for what the node itself reports as one. */
  readonly invariant: string;
  readonly text: string;
  readonly step: number;
}

/** What one life of a room's log is known to hold. */
interface Truth {
  readonly epoch: Epoch;
  readonly room: MemoryRoom;
  readonly frames: EventFrame[];
  readonly places: Map<Intent, number>;
  /** Highest number of an intent stored, by client. */
  readonly newest: Map<string, number>;
  readonly members: Set<UserId>;
  /** Where the last membership of each ended. */
  readonly left: Map<UserId, number>;
  /** Highest sequence that anybody was acknowledged. */
  acknowledged: number;
}

interface Cursor {
  readonly epoch: Epoch;
  offset: number;
}

/** What must be done about a revocation, once the node is well, is done after so many milliseconds. */
const revocationMs = 2_000;
/** A node that slept longer than this knows that it did. */
const asleepMs = 4_500;
/** A run that found this many says enough. */
const maxViolations = 40;

export class Checker {
  readonly violations: Violation[] = [];
  /** What happened, for the verdict *inconclusive*. */
  readonly counts = { sends: 0, acknowledged: 0, delivered: 0, resumes: 0, resets: 0 };
  readonly #scheduler: Scheduler;
  readonly #store: FaultyStore;
  readonly #truths = new Map<string, Truth>();
  readonly #present = new Map<RoomId, Truth>();
  readonly #intents = new Map<string, Intent>();
  readonly #cursors = new Map<string, Cursor>();
  readonly #revoked = new Map<string, number>();
  readonly #revokedUsers = new Map<UserId, number>();
  /** When a node first took a publish, by client message id. */
  readonly #taken = new Map<string, number>();
  readonly #kicked = new Map<string, number>();

  constructor(scheduler: Scheduler, store: FaultyStore) {
    this.#scheduler = scheduler;
    this.#store = store;
    store.asked = (host, append) => this.#accepts(host, append);
  }

  violate(invariant: string, text: string): void {
    if (this.violations.length >= maxViolations) return;
    this.violations.push({ invariant, text, step: this.#scheduler.steps });
  }

  // --- Rows -----------------------------------------------------------------------------------------

  /** Takes in the rows that the last step added. */
  look(): void {
    for (const room of this.#store.state.rooms.values()) {
      let truth = this.#present.get(room.room);
      if (truth === undefined || truth.room !== room) truth = this.#begin(room);
      while (truth.frames.length < room.events.length) {
        const frame = room.events[truth.frames.length]?.frame;
        if (frame === undefined) break;
        this.#row(truth, frame, true);
      }
    }
  }

  #begin(room: MemoryRoom): Truth {
    const truth: Truth = {
      epoch: room.epoch,
      room,
      frames: [],
      places: new Map(),
      newest: new Map(),
      members: new Set(),
      left: new Map(),
      acknowledged: 0,
    };
    const isRestored = this.#present.has(room.room);
    this.#present.set(room.room, truth);
    this.#truths.set(`${room.room} ${room.epoch}`, truth);
    if (isRestored) {
      for (const { frame } of room.events) this.#row(truth, frame, false);
      // What was put back with the rows is who belonged then; members of now are the directory's.
      truth.members.clear();
      for (const user of room.members.keys()) truth.members.add(user);
    }
    return truth;
  }

  #row(truth: Truth, frame: EventFrame, isNew: boolean): void {
    const { sequence, room } = frame;
    truth.frames.push(frame);
    if (sequence !== truth.frames.length) {
      this.violate("I-2", `${room}: row ${truth.frames.length} has sequence ${sequence}`);
    }
    if ("erased" in frame) return;
    if (frame.type === "member.joined") truth.members.add(frame.data.user);
    else if (frame.type === "member.left") {
      truth.members.delete(frame.data.user);
      truth.left.set(frame.data.user, sequence);
    } else if (frame.type === "message.created") this.#message(truth, frame, isNew);
  }

  #message(truth: Truth, frame: Extract<EventFrame, { type: "message.created" }>, isNew: boolean) {
    if ("erased" in frame) return;
    const { sequence, room, author } = frame;
    const intent = this.#intents.get(frame.data.text);
    const what = `${room} ${sequence} "${frame.data.text.slice(0, 20)}"`;
    if (intent === undefined || intent.attempts === 0 || intent.room !== room) {
      this.violate("I-6", `${what} was never sent`);
      return;
    }
    if (intent.user !== author) this.violate("I-6", `${what} is said to be of ${author}`);
    const first = truth.places.get(intent);
    if (first !== undefined) this.violate("I-4", `${what} is at ${first} already`);
    truth.places.set(intent, sequence);
    if (isNew) this.#order(truth, intent, sequence, what);
    truth.newest.set(intent.client, Math.max(intent.number, truth.newest.get(intent.client) ?? 0));
  }

  #order(truth: Truth, intent: Intent, sequence: number, what: string): void {
    if (intent.isDefinite) this.violate("I-5", `${what} was refused before`);
    if (truth.room.kind === "private" && !truth.members.has(intent.user)) {
      this.violate("I-6", `${what} is of somebody who is no member`);
    }
    const { before } = intent;
    if (before?.epoch === truth.epoch) {
      if (sequence <= before.acknowledged) {
        this.violate("I-7", `${what}: ${before.acknowledged} was acknowledged before it was sent`);
      }
      if (sequence <= before.received) {
        this.violate("I-8", `${what}: its sender had received ${before.received}`);
      }
    }
    const newest = truth.newest.get(intent.client) ?? 0;
    // One of several on their way that failed is sent again behind those that did not.
    const mayHaveFailed =
      !intent.isAlone && before !== undefined && this.#store.failedAt >= before.sentAt;
    // Its sender was out of the room: refused, with the answer lost, while those behind it came after the return.
    const mayHaveBeenRefused =
      !intent.isAlone && (truth.left.get(intent.user) ?? -1) >= (before?.received ?? 0);
    const mayBeOvertaken = mayHaveFailed || mayHaveBeenRefused || this.#wasLost(intent, truth);
    if (newest > intent.number && !mayBeOvertaken) {
      this.violate("I-9", `${what} of ${intent.client} stands behind its number ${newest}`);
    }
  }

  /** Whether it stood in an earlier life of the room, which was lost. */
  #wasLost(intent: Intent, present: Truth): boolean {
    for (const truth of this.#truths.values()) {
      if (truth !== present && truth.places.has(intent)) return true;
    }
    return false;
  }

  // --- What clients send and are told -----------------------------------------------------------------

  /** Somebody means to send it; nothing has left yet. */
  meant(intent: Intent): void {
    this.#intents.set(intent.text, intent);
  }

  /** It leaves for the first time. */
  sent(intent: Intent): void {
    this.counts.sends += 1;
    const truth = this.#present.get(intent.room);
    const cursor = this.#cursors.get(`${intent.client} ${intent.room}`);
    if (truth === undefined) return;
    const received = cursor?.epoch === truth.epoch ? cursor.offset : 0;
    intent.before = {
      epoch: truth.epoch,
      acknowledged: truth.acknowledged,
      received,
      sentAt: this.#scheduler.now,
    };
  }

  acknowledged(intent: Intent, place: Published): void {
    this.counts.acknowledged += 1;
    const { room, epoch, sequence } = place;
    const what = `${intent.client} ${room} "${intent.text.slice(0, 20)}" at ${sequence}`;
    const truth = this.#truths.get(`${room} ${epoch}`);
    const row = truth?.frames[sequence - 1];
    const isRow =
      row !== undefined &&
      row.id === place.message_id &&
      row.author === intent.user &&
      row.time === place.time &&
      "data" in row &&
      "text" in row.data &&
      row.data.text === intent.text;
    if (!isRow) this.violate("I-1", `${what} was acknowledged, and is not in the log`);
    const before = intent.acknowledged;
    if (before?.epoch === epoch && before.sequence !== sequence) {
      this.violate("I-4", `${what} was acknowledged at ${before.sequence}`);
    }
    intent.acknowledged = { epoch, sequence };
    if (truth !== undefined) truth.acknowledged = Math.max(truth.acknowledged, sequence);
  }

  /** I-5: a definite refusal. What became of an earlier attempt, a refused repeat does not tell. */
  refused(intent: Intent, code: string): void {
    if (intent.attempts > 1) return;
    intent.isDefinite = true;
    for (const truth of this.#truths.values()) {
      const place = truth.places.get(intent);
      if (place === undefined) continue;
      this.violate("I-5", `${intent.room} ${place} was refused as ${code}`);
    }
  }

  // --- What readers see -------------------------------------------------------------------------------

  /** A subscription begins; `wanted` is the position asked for, if one was. */
  subscribed(client: string, user: UserId, wanted: Cursor | undefined, place: Subscribed): void {
    const { room, epoch, offset } = place;
    if (wanted !== undefined) {
      this.counts.resumes += 1;
      if (wanted.epoch !== epoch || wanted.offset !== offset) {
        const asked = `${wanted.epoch} ${wanted.offset}`;
        this.violate("I-13", `${client} ${room}: asked for ${asked}, got ${epoch} ${offset}`);
      }
    }
    const truth = this.#truths.get(`${room} ${epoch}`);
    if (truth === undefined) this.violate("I-13", `${client} ${room}: no epoch ${epoch}`);
    else if (offset > truth.frames.length) {
      this.violate("I-3", `${client} ${room}: offset ${offset} above the head`);
    } else this.#mayRead(truth, user, place.head, `${client} subscribed to`);
    this.#cursors.set(`${client} ${room}`, { epoch, offset });
  }

  /** A position was refused, or a subscription told that it must start anew. */
  reset(client: string, room: RoomId, epoch: Epoch | undefined): void {
    this.counts.resets += 1;
    if (epoch !== undefined && this.#present.get(room)?.epoch === epoch) {
      this.violate("I-13", `${client} ${room}: reset in the epoch that is still the present one`);
    }
    this.unsubscribed(client, room);
  }

  unsubscribed(client: string, room: RoomId): void {
    this.#cursors.delete(`${client} ${room}`);
  }

  delivered(client: string, user: UserId, frame: EventFrame): void {
    this.counts.delivered += 1;
    const { room, sequence } = frame;
    const cursor = this.#cursors.get(`${client} ${room}`);
    if (cursor === undefined) {
      this.violate("I-10", `${client} ${room} ${sequence}: delivered without a subscription`);
      return;
    }
    if (sequence > cursor.offset + 1) {
      this.violate("I-10", `${client} ${room}: ${sequence} after ${cursor.offset}`);
    }
    if (sequence <= cursor.offset) {
      this.violate("I-11", `${client} ${room}: ${sequence} after ${cursor.offset}`);
    }
    cursor.offset = Math.max(cursor.offset, sequence);
    this.#same(client, user, cursor.epoch, frame);
  }

  /** A page of history. */
  page(client: string, user: UserId, epoch: Epoch, frames: readonly EventFrame[]): void {
    for (const frame of frames) this.#same(client, user, epoch, frame);
  }

  #same(client: string, user: UserId, epoch: Epoch, frame: EventFrame): void {
    const { room, sequence } = frame;
    const truth = this.#truths.get(`${room} ${epoch}`);
    const row = truth?.frames[sequence - 1];
    if (truth === undefined || row === undefined) {
      this.violate("I-3", `${client} saw ${room} ${sequence}, which is not in the log`);
      return;
    }
    if (
      row !== frame &&
      canonicalize(row as unknown as Json) !== canonicalize(frame as unknown as Json)
    ) {
      this.violate("I-3", `${client} saw ${room} ${sequence} with other content than its row`);
    }
    this.#mayRead(truth, user, sequence, `${client} received`);
  }

  #mayRead(truth: Truth, user: UserId, sequence: number, what: string): void {
    const { room, kind } = truth.room;
    if (kind !== "private") return;
    const kicked = this.#kicked.get(`${room} ${user}`);
    const end = truth.members.has(user) ? kicked : (truth.left.get(user) ?? 0);
    if (end !== undefined && sequence > end) {
      this.violate("I-14", `${what} ${room} ${sequence}, after the membership ended at ${end}`);
    }
  }

  /** An operator was told that `user` is out of the room, at its present head. */
  kickConfirmed(room: RoomId, user: UserId): void {
    const key = `${room} ${user}`;
    if (!this.#kicked.has(key)) this.#kicked.set(key, this.head(room));
  }

  isMember(room: RoomId, user: UserId): boolean {
    return this.#present.get(room)?.members.has(user) === true;
  }

  // --- Revocation -------------------------------------------------------------------------------------

  /** A session ended. */
  revoked(session: string, user: UserId): void {
    this.#revoked.set(session, this.#scheduler.now);
    this.#revokedUsers.set(user, this.#scheduler.now);
  }

  /** A node writes to a link, or was seen to keep it open. I-17: not two seconds after its identity ended. */
  isLive(link: SimLink): void {
    const { credential, host } = link;
    if (credential?.isVerified !== true || link.isEndedByNode || host.isDead || host.isPaused)
      return;
    const wellForMs = this.#scheduler.now - host.healthySince;
    if (this.#store.faults.isDown || wellForMs <= revocationMs) return;
    const revokedAt = this.#revoked.get(credential.session);
    if (revokedAt !== undefined && this.#scheduler.now - revokedAt > revocationMs) {
      this.violate("I-17", `${host.name} serves ${credential.session} after it was revoked`);
    }
    if (wallTime(this.#scheduler, host) - credential.expiresAt > revocationMs) {
      this.violate("I-17", `${host.name} serves ${credential.session} after its token expired`);
    }
  }

  /** A node took a frame of a client from its link. */
  taken(frame: string): void {
    if (!frame.startsWith('{"type":"publish"')) return;
    const { client_message_id: id } = JSON.parse(frame) as { readonly client_message_id: string };
    if (!this.#taken.has(id)) this.#taken.set(id, this.#scheduler.now);
  }

  /** I-17: no frame is accepted either, and by a node that slept long none at all before it has looked. */
  #accepts(host: SimHost, append: Append): void {
    const user = append.author;
    const takenAt = this.#taken.get(append.clientMessageId ?? "");
    const revokedAt = this.#revokedUsers.get(user);
    if (revokedAt === undefined || takenAt === undefined || takenAt <= revokedAt) return;
    if (this.#store.faults.isDown) return;
    const wellForMs = this.#scheduler.now - host.healthySince;
    const mustKnow = wellForMs > revocationMs || host.pausedForMs > asleepMs;
    if (!mustKnow || this.#scheduler.now - revokedAt <= revocationMs) return;
    this.violate("I-17", `${host.name} accepts a frame of ${user}, revoked at ${revokedAt}`);
  }

  // --- At rest ----------------------------------------------------------------------------------------

  /** I-12: the reader holds everything up to the head of the present epoch. */
  complete(client: string, room: RoomId): void {
    const truth = this.#present.get(room);
    if (truth === undefined) return;
    const cursor = this.#cursors.get(`${client} ${room}`);
    if (cursor?.epoch === truth.epoch && cursor.offset === truth.frames.length) return;
    const place = cursor === undefined ? "nowhere" : `${cursor.epoch} ${cursor.offset}`;
    const head = `${truth.epoch} ${truth.frames.length}`;
    this.violate("I-12", `${client} ${room}: at ${place}, the head is ${head}`);
  }

  /** I-1, I-4: what was acknowledged in an epoch that still stands is there, once, and nowhere else. */
  settled(): void {
    for (const intent of this.#intents.values()) {
      const truth = this.#present.get(intent.room);
      const { acknowledged } = intent;
      if (truth === undefined || acknowledged?.epoch !== truth.epoch) continue;
      if (truth.places.get(intent) === acknowledged.sequence) continue;
      this.violate("I-1", `"${intent.text.slice(0, 20)}" was acknowledged and is gone`);
    }
  }

  /** I-21: what is unread above a mark. */
  unread(room: RoomId, mark: number): number {
    const frames = this.#present.get(room)?.frames ?? [];
    return frames.filter((frame) => frame.sequence > mark && frame.type === "message.created")
      .length;
  }

  head(room: RoomId): number {
    return this.#present.get(room)?.frames.length ?? 0;
  }
}

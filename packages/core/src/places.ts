/**
 * Where a device is in its rooms, for dialects whose clients cannot say: kept here, and stored so that the device
 * goes on where it was. A place moves only over what the peer has taken: each write to the socket is followed by a
 * probe, and its answer confirms everything before it. A line that breaks with unconfirmed bytes on it makes the
 * device get those again: at least once, never lost.
 */
import type { DeviceId, Epoch, Position, RoomId, Sequence, UserId } from "@parlance/protocol";
import type { Report } from "./gate.ts";
import type { Clock, Link, Places, SavedPlace } from "./ports/index.ts";
import type { Subscription } from "./subscription.ts";

/** Rooms of one device that are kept. */
const maxRooms = 1_000;

/** No epoch is called so: stored over a place that is to be forgotten. */
const nowhere: Position = { epoch: "0" as Epoch, offset: 0 };

/** The places of one connection's device. */
export class KeptPlaces {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly #writer: PlaceWriter;
  readonly #before: Map<RoomId, Position>;
  readonly #confirmed = new Map<RoomId, Position>();
  #mark = 0;
  /** What the probe under way will confirm. */
  #probed: readonly (readonly [RoomId, Position])[] | undefined;
  #isChanged = false;

  constructor(user: UserId, device: DeviceId, before: Map<RoomId, Position>, writer: PlaceWriter) {
    this.user = user;
    this.device = device;
    this.#before = before;
    this.#writer = writer;
  }

  /** Where the device was: on this connection if it was in the room already, else on the ones before. */
  before(room: RoomId): Position | undefined {
    return this.#confirmed.get(room) ?? this.#before.get(room);
  }

  /** The device left on purpose. */
  forget(room: RoomId): void {
    if (this.before(room) === undefined) return;
    this.#confirmed.delete(room);
    this.#before.delete(room);
    this.#writer.add(this.user, this.device, room, nowhere);
  }

  /** The page that was the device is gone for good. */
  forgetAll(): void {
    for (const room of new Set([...this.#before.keys(), ...this.#confirmed.keys()])) {
      this.forget(room);
    }
  }

  /** Something was handed to the link: everything in the outboxes' order is on its way. */
  flushed(link: Link, subscriptions: Iterable<Subscription>): void {
    if (link.probe === undefined) {
      this.written(subscriptions);
      return;
    }
    if (this.#probed !== undefined) {
      this.#isChanged = true;
      return;
    }
    this.#probe(link, subscriptions);
  }

  #probe(link: Link, subscriptions: Iterable<Subscription>): void {
    this.#isChanged = false;
    const moved = this.#moved(subscriptions);
    if (moved.length === 0) return;
    this.#mark += 1;
    this.#probed = moved;
    link.probe?.(this.#mark);
  }

  /** The peer answered a probe. */
  confirmed(mark: number): void {
    if (mark !== this.#mark || this.#probed === undefined) return;
    for (const [room, position] of this.#probed) this.#keep(room, position);
    this.#probed = undefined;
  }

  /**
   * A room was subscribed, from a place that the device surely has. Stored at once: another node must know of the room
   * as soon as the device does, which may be cut off before anything of the room has reached it.
   */
  began(room: RoomId, begin: Position): void {
    this.#isChanged = true;
    const known = this.before(room);
    if (known?.epoch === begin.epoch && known.offset >= begin.offset) return;
    this.#keep(room, begin);
    void this.#writer.flush();
  }

  /** Once a second: what was written while a probe was under way is probed too. */
  tick(link: Link, subscriptions: Iterable<Subscription>): void {
    if (this.#isChanged && this.#probed === undefined) this.#probe(link, subscriptions);
  }

  /** Takes everything written as taken: the peer has said goodbye, or its transport cannot be asked. */
  written(subscriptions: Iterable<Subscription>): void {
    for (const [room, position] of this.#moved(subscriptions)) this.#keep(room, position);
  }

  #moved(subscriptions: Iterable<Subscription>): (readonly [RoomId, Position])[] {
    const moved: (readonly [RoomId, Position])[] = [];
    for (const subscription of subscriptions) {
      const { room } = subscription;
      const position = { epoch: room.epoch, offset: room.placeOf(subscription) };
      const known = this.#confirmed.get(room.record.room);
      if (known?.epoch === position.epoch && known.offset >= position.offset) continue;
      moved.push([room.record.room, position]);
    }
    return moved;
  }

  #keep(room: RoomId, position: Position): void {
    if (this.#confirmed.size >= maxRooms && !this.#confirmed.has(room)) return;
    this.#confirmed.set(room, position);
    this.#writer.add(this.user, this.device, room, position);
  }
}

/** Stores the places of all connections of a node together, a moment after they moved. */
export class PlaceWriter {
  readonly #store: Places;
  readonly #clock: Clock;
  readonly #report: Report;
  readonly #moved = new Map<string, SavedPlace>();
  #writing: Promise<void> | undefined;

  constructor(store: Places, clock: Clock, report: Report) {
    this.#store = store;
    this.#clock = clock;
    this.#report = report;
  }

  add(user: UserId, device: DeviceId, room: RoomId, position: Position): void {
    const { epoch, offset }: { epoch: Epoch; offset: Sequence } = position;
    this.#moved.set(`${user} ${device} ${room}`, {
      user,
      device,
      room,
      epoch,
      offset,
      now: this.#clock.now(),
    });
  }

  /** What a device's places are: stored ones, with what waits to be stored over them. @throws StorageError */
  async of(user: UserId, device: DeviceId): Promise<Map<RoomId, Position>> {
    const places = new Map<RoomId, Position>();
    for (const { room, epoch, offset } of await this.#store.places(user, device)) {
      places.set(room, { epoch, offset });
    }
    for (const place of this.#moved.values()) {
      if (place.user !== user || place.device !== device) continue;
      places.set(place.room, { epoch: place.epoch, offset: place.offset });
    }
    for (const [room, { epoch }] of places) if (epoch === nowhere.epoch) places.delete(room);
    return places;
  }

  /** Stores what has moved; one at a time. A failure is told, and tried again with the next. */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#moved.size === 0) return;
    const rows = [...this.#moved];
    try {
      await this.#store.savePlaces(rows.map(([, row]) => row));
    } catch (error) {
      this.#report("warn", "places_not_saved", { error });
      return;
    }
    for (const [key, row] of rows) {
      if (this.#moved.get(key) === row) this.#moved.delete(key);
    }
  }
}

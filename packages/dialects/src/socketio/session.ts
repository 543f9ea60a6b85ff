/** One connection: what its client asks for, which rooms it is in, whom it knows to be online. */
import type { Doing, Inlet, Translator } from "@parlance/core";
import {
  type Command,
  limits,
  type NoticeEvent,
  type Position,
  type PresenceEvent,
  ProtocolError,
  type Reply,
  type RoomId,
  type UserId,
  type WireUser,
} from "@parlance/protocol";
import { type Action, actionOf, type Given } from "./actions.ts";
import { decode, type Fields, payloadOf } from "./decode.ts";
import { chatError, encodeError, encodeEvent, encodeStatus } from "./encode.ts";
import type { KeptSession } from "./kept-sessions.ts";
import { placesSent } from "./kept-sessions.ts";
import type { Statuses } from "./statuses.ts";
import type { Unconfirmed } from "./unconfirmed.ts";

/** Rooms in which more are present are not told one by one to somebody who comes. */
const maxNamed = 200;
/** Rooms that one command resumes. */
const resumeAtOnce = limits.resumeRooms;

/** Who is told when a room is entered or left, for applications that emit to the library's own rooms. */
export interface RoomFollower {
  entered(room: RoomId): void;
  left(room: RoomId): void;
}

/** An acknowledgement function of the library, if the client passed one. */
export type Acknowledge = (answer: object) => void;

/** A room to be in, and where its client is in it. */
export type WantedRooms = ReadonlyMap<RoomId, Position>;

export class SocketSession implements Translator {
  readonly #statuses: Statuses;
  readonly #follower: RoomFollower;
  readonly #unconfirmed: Unconfirmed;
  /** Where each subscription began. */
  readonly #rooms = new Map<RoomId, Position>();
  readonly #left = new Set<RoomId>();
  #inlet: Inlet | undefined;
  #doing: Doing | undefined;

  constructor(statuses: Statuses, follower: RoomFollower, unconfirmed: Unconfirmed) {
    this.#statuses = statuses;
    this.#follower = follower;
    this.#unconfirmed = unconfirmed;
  }

  opened(doing: Doing): void {
    this.#doing = doing;
  }

  /** To be called once, with what `connect` returned. */
  begin(inlet: Inlet): void {
    this.#inlet = inlet;
  }

  /** The library reads the frames. */
  received(): void {}

  // --- What the client asks -------------------------------------------------------------------------

  /**
   * One event of the client.
   *
   * @param name Anything; of the wrong kind it is answered like an unknown one.
   */
  asked(name: unknown, payload: unknown, acknowledge: Acknowledge | undefined): void {
    const action = actionOf(name);
    const fields =
      action === undefined
        ? new ProtocolError("bad_request", { field: "event" })
        : payloadOf(payload);
    if (action === undefined || fields instanceof ProtocolError) {
      this.#notUnderstood(fields as ProtocolError, acknowledge);
    } else this.#step(action, 0, { fields, known: [], newId: () => this.#newId() }, acknowledge);
  }

  #step(action: Action, index: number, given: Given, acknowledge: Acknowledge | undefined): void {
    const wanted = action.steps[index]?.(given) ?? {};
    this.#decoded(wanted, acknowledge, (reply, command) => {
      if (index + 1 < action.steps.length) {
        const known = [...given.known, reply];
        this.#step(action, index + 1, { ...given, known }, acknowledge);
        return;
      }
      this.#followOwn(command, reply);
      const identity = this.#doing?.identity;
      if (identity === undefined) return;
      const asked = { command, fields: given.fields, identity };
      acknowledge?.({ ok: true, ...action.answer(reply, asked) });
    });
  }

  #decoded(
    wanted: Fields | ProtocolError,
    acknowledge: Acknowledge | undefined,
    done: (reply: Reply, command: Command) => void,
  ): void {
    const decoded =
      wanted instanceof ProtocolError ? ({ ok: false, error: wanted } as const) : decode(wanted);
    if (!decoded.ok) {
      this.#notUnderstood(decoded.error, acknowledge);
      return;
    }
    const { command } = decoded;
    const answer = {
      done: (reply: Reply) => done(reply, command),
      failed: (error: ProtocolError) => this.#failed(error, acknowledge),
    };
    this.#inlet?.perform(command, answer, lengthOf(command));
  }

  #newId(): string {
    return this.#doing?.newMessageId() ?? "";
  }

  #notUnderstood(error: ProtocolError, acknowledge: Acknowledge | undefined): void {
    this.#failed(error, acknowledge);
    this.#doing?.badFrame();
  }

  /* Whoever passed an acknowledgement is told there. That somebody is not in a chat is told as an event too, as the
   * chat's clients expect. */
  #failed(error: ProtocolError, acknowledge: Acknowledge | undefined): void {
    acknowledge?.({ ok: false, error: chatError(error) });
    const isAboutRights = error.code === "not_found" || error.code === "forbidden";
    if (acknowledge === undefined || isAboutRights) this.#doing?.send(encodeError(error));
  }

  #followOwn(command: Parameters<Translator["replied"]>[0], reply: Reply): void {
    if (command.type === "subscribe") {
      const { room, epoch, offset, present } = reply as Reply<"subscribe">;
      if (this.#enter(room, { epoch, offset })) this.#meet(room, present ?? []);
    } else if (command.type === "unsubscribe" && this.#rooms.has(command.room)) {
      this.#leave(command.room);
      this.#left.add(command.room);
    }
  }

  // --- Rooms ----------------------------------------------------------------------------------------

  /** Subscribes rooms, each behind its place. @returns false where a place is not in a log any more. */
  async enterRooms(wanted: WantedRooms): Promise<boolean> {
    const rooms = [...wanted].map(([room, position]) => ({ room, position, presence: true }));
    for (let at = 0; at < rooms.length; at += resumeAtOnce) {
      const some = rooms.slice(at, at + resumeAtOnce);
      const { rooms: resumed } = await this.ask<"resume">({ type: "resume", id: 0, rooms: some });
      for (const row of resumed) {
        if (!("error" in row)) this.#enter(row.room, { epoch: row.epoch, offset: row.offset });
        else if (row.error.code !== "not_found") return false;
      }
    }
    return true;
  }

  /** The user's own room, where back ends leave notices; at its newest event if the client was not in it. */
  async enterInbox(room: RoomId): Promise<void> {
    if (this.#rooms.has(room)) return;
    const { epoch, offset } = await this.ask<"subscribe">({ type: "subscribe", id: 0, room });
    this.#enter(room, { epoch, offset });
  }

  /**
   * Learns who is there, and tells the client.
   *
   * @param known Whom it believes to be online.
   */
  async learnStatuses(known: ReadonlySet<UserId>): Promise<void> {
    const online = new Set<UserId>();
    for (const room of [...this.#rooms.keys()]) {
      const command = { type: "subscribe", id: 0, room, with_present: true } as const;
      const { present = [] } = await this.ask<"subscribe">(command);
      this.#statuses.know(room, present);
      if (present.length > maxNamed) continue;
      for (const { id } of present) online.add(id);
    }
    const doing = this.#doing;
    if (doing === undefined) return;
    for (const user of online) if (!known.has(user)) this.#tellStatus(user, true, doing);
    for (const user of known) if (!online.has(user)) this.#tellStatus(user, false, doing);
  }

  /** Takes back every subscription: the client begins anew. */
  async leaveRooms(): Promise<void> {
    for (const room of [...this.#rooms.keys()]) {
      await this.ask({ type: "unsubscribe", id: 0, room });
      this.#leave(room);
    }
  }

  /** Does one command. @throws ProtocolError */
  ask<T extends Command["type"]>(command: Command<T>): Promise<Reply<T>> {
    return new Promise((done, failed) => {
      this.#inlet?.perform(command, { done: (reply) => done(reply as Reply<T>), failed });
    });
  }

  /** @returns false if it was in there. */
  #enter(room: RoomId, position: Position): boolean {
    if (this.#rooms.has(room)) return false;
    this.#rooms.set(room, position);
    this.#left.delete(room);
    this.#statuses.watch(room);
    this.#follower.entered(room);
    return true;
  }

  /** Tells of those whom the client does not know by another of its rooms. */
  #meet(room: RoomId, present: readonly WireUser[]): void {
    this.#statuses.know(room, present);
    if (present.length > maxNamed || this.#doing === undefined) return;
    const others = [...this.#rooms.keys()].filter((other) => other !== room);
    for (const { id } of present) {
      if (!this.#statuses.isPresent(id, others)) this.#tellStatus(id, true, this.#doing);
    }
  }

  #leave(room: RoomId): void {
    if (!this.#rooms.delete(room)) return;
    this.#statuses.unwatch(room);
    this.#follower.left(room);
  }

  /** The server ended a subscription, or the connection is about to be ended. */
  noticed(notice: NoticeEvent, doing: Doing): void {
    const text = encodeEvent(notice);
    if (text !== undefined) doing.send(text);
    if (notice.type === "goodbye") return;
    const { room } = notice;
    this.#leave(room);
    if (notice.type === "unsubscribed") return;
    // Places of before mean nothing in the new life of the log.
    this.#unconfirmed.forget();
    doing.run({ type: "subscribe", id: 0, room, presence: true, with_present: true });
  }

  joined(room: RoomId, position: Position, doing: Doing): void {
    if (this.#rooms.has(room)) return;
    doing.run({ type: "subscribe", id: 0, room, position, presence: true, with_present: true });
  }

  replied(command: Parameters<Translator["replied"]>[0], reply: Reply): void {
    if (command.type === "presence") {
      const { room, users } = reply as Reply<"presence">;
      this.#statuses.renew(room, users);
    } else this.#followOwn(command, reply);
  }

  /** Of what the session asked for itself: the room is not there for its user any more. */
  refused(): void {}

  // --- Who is there ---------------------------------------------------------------------------------

  heardPresence(event: PresenceEvent, doing: Doing): void {
    const { online, offline, isUnnamed } = this.#statuses.changes(event, this.#rooms.keys());
    for (const user of online) this.#tellStatus(user, true, doing);
    for (const user of offline) this.#tellStatus(user, false, doing);
    // One of the room's connections asks for all.
    if (isUnnamed) doing.run({ type: "presence", id: 0, room: event.room });
  }

  #tellStatus(user: UserId, isOnline: boolean, doing: Doing): void {
    if (user !== doing.identity?.user) doing.send(encodeStatus(user, isOnline));
  }

  // --- End ------------------------------------------------------------------------------------------

  /** What is to be remembered until the client comes back; undefined if nobody has come in. */
  remember(): KeptSession | undefined {
    const doing = this.#doing;
    const user = doing?.identity?.user;
    if (doing === undefined || user === undefined) return undefined;
    const places = new Map<RoomId, Position>();
    const online = new Set<UserId>();
    for (const [room, began] of this.#rooms) {
      const confirmed = doing.placeIn(room);
      const isLater = confirmed?.epoch === began.epoch && confirmed.offset > began.offset;
      places.set(room, isLater ? confirmed : began);
      for (const other of this.#statuses.presentIn(room)) online.add(other);
    }
    const packets = this.#unconfirmed.packets();
    const sent = packets === undefined ? undefined : placesSent(packets);
    return { user, places, sent, left: new Set(this.#left), online };
  }

  /** The connection is gone. */
  close(): void {
    for (const room of [...this.#rooms.keys()]) this.#leave(room);
  }
}

function lengthOf(command: Command): number {
  if (command.type === "upload_piece") return command.content.length;
  return "text" in command ? command.text.length : 64;
}

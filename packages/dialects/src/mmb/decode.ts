import { type Doing, isClaimOf, kindByName, type Translator } from "@parlance/core";
import {
  type Command,
  type NoticeEvent,
  type PresenceEvent,
  ProtocolError,
  type RoomId,
  type Subscribed,
  type UserId,
  type WireUser,
} from "@parlance/protocol";
import {
  changesOf,
  claimedUser,
  dataOf,
  errorFrame,
  isMembers,
  type Members,
  member,
  noId,
  positionOf,
  roomOf,
  textOf,
  wireId,
} from "../json/frame.ts";
import {
  byType,
  type FrameHandler,
  noticedWithPeople,
  receiveFrame,
  subscribeWithPeople,
} from "../json/translator.ts";
import { isChatRoom, isNotificationRoom } from "./features.ts";
import type { MmbOptions } from "./options.ts";

/** Longest text that stands for an object in clients that show texts only. */
const maxSummary = 500;

/**
 * Events of a job that a page gets as it joins. Each message of a job tells its whole state, so the newest is enough; those
 * before it are for what is no message (who was let in).
 */
const lastOfJob = 20;

/** MMB's frames in (MMB-03). One object a connection: it knows which numbers the people of its rooms go by. */
export function createDecoder(options: MmbOptions): () => Translator {
  return () => new MmbTranslator(options);
}

class MmbTranslator implements Translator {
  readonly #options: MmbOptions;
  readonly noticed = (notice: NoticeEvent, doing: Doing): void => {
    if (notice.type === "reset") doing.run(subscriptionOf(notice.room));
    else noticedWithPeople(notice, doing);
  };
  readonly #find: (frame: Members) => FrameHandler | undefined;
  /** Whoever sends something before `auth` may be known by its handshake. */
  #triedHandshake = false;
  #isTrying = false;
  /** People of the rooms who go by a number: when they leave only their id is told. */
  readonly #numbers = new Map<UserId, number>();

  constructor(options: MmbOptions) {
    this.#options = options;
    this.#find = byType(
      new Map<string, FrameHandler>([
        ["auth", (frame, doing) => this.#auth(frame, doing)],
        ["join", (frame, doing) => this.#join(roomOf(member(frame, "room"), "room"), doing)],
        ["leave", (frame, doing) => this.#leave(roomOf(member(frame, "room"), "room"), doing)],
        ["message", (frame, doing) => this.#message(frame, doing)],
        ["typing", (frame, doing) => this.#typing(frame, doing)],
        ["read", (frame, doing) => this.#read(frame, doing)],
        ["cursor", (frame, doing) => this.#cursor(frame, doing)],
        ["edit", (frame, doing) => this.#edit(frame, doing)],
        ["ping", (_, doing) => doing.send('{"type":"pong"}')],
      ]),
    );
  }

  received(frame: string, doing: Doing): void {
    receiveFrame(frame, doing, this.#find);
  }

  // --- Frames in ------------------------------------------------------------------------------------

  #auth(frame: Members, doing: Doing): void {
    const token = member(frame, "token");
    const user = member(frame, "user_id");
    if (token !== undefined && typeof token !== "string") {
      throw new ProtocolError("bad_request", { field: "token" });
    }
    if (token === undefined && user === undefined) {
      throw new ProtocolError("bad_request", { field: "token" });
    }
    this.#triedHandshake = true;
    doing.enter({
      type: "enter",
      exclusive: true,
      keepsPlaces: "credential",
      ...(token === undefined ? {} : { token, anonymous: true }),
      ...(user === undefined
        ? {}
        : { claim: { user: claimedUser(user, "user_id"), of: "application" } }),
    });
  }

  #byHandshake(doing: Doing): void {
    if (this.#triedHandshake || doing.identity !== undefined) return;
    this.#triedHandshake = true;
    this.#isTrying = true;
    doing.enter({ type: "enter", keepsPlaces: "credential" });
  }

  #join(room: RoomId, doing: Doing): void {
    if (!this.#options.notifications && isNotificationRoom(room)) throw disabled("notifications");
    this.#byHandshake(doing);
    doing.run({ type: "subscribe_kept", subscribe: subscriptionOf(room) });
  }

  #leave(room: RoomId, doing: Doing): void {
    this.#byHandshake(doing);
    doing.run({ type: "unsubscribe", id: noId, room });
  }

  #message(frame: Members, doing: Doing): void {
    const room = roomOf(member(frame, "room"), "room");
    if (!this.#options.chat && isChatRoom(room)) throw disabled("chat");
    if (!this.#options.notifications && isNotificationRoom(room)) throw disabled("notifications");
    const content = contentOf(member(frame, "message"));
    this.#byHandshake(doing);
    doing.run({
      type: "publish",
      id: noId,
      room,
      client_message_id: doing.newMessageId(),
      ...content,
    });
  }

  #typing(frame: Members, doing: Doing): void {
    const room = roomOf(member(frame, "room"), "room");
    if (!this.#options.chat && isChatRoom(room)) throw disabled("chat");
    const active = member(frame, "active") ?? true;
    if (typeof active !== "boolean") throw new ProtocolError("bad_request", { field: "active" });
    this.#byHandshake(doing);
    doing.run({ type: "typing", id: noId, room, active });
  }

  /** Its messages carry no ids: all of the room is read, as far as it goes by then. */
  #read(frame: Members, doing: Doing): void {
    const room = roomOf(member(frame, "room"), "room");
    if (!this.#options.chat && isChatRoom(room)) throw disabled("chat");
    this.#byHandshake(doing);
    doing.run({ type: "mark_read", id: noId, room, sequence: Number.MAX_SAFE_INTEGER });
  }

  #cursor(frame: Members, doing: Doing): void {
    const room = this.#documentOf(frame, doing);
    const position = positionOf(member(frame, "position"), "position");
    doing.run({ type: "cursor", id: noId, room, position });
  }

  #edit(frame: Members, doing: Doing): void {
    const room = this.#documentOf(frame, doing);
    const changes = changesOf(member(frame, "changes"), "changes");
    doing.run({
      type: "edit_document",
      id: noId,
      room,
      client_message_id: doing.newMessageId(),
      changes,
    });
  }

  #documentOf(frame: Members, doing: Doing): RoomId {
    if (!this.#options.collaboration) throw disabled("collaboration");
    const room = roomOf(member(frame, "room"), "room");
    this.#byHandshake(doing);
    return room;
  }

  // --- Answers --------------------------------------------------------------------------------------

  entered(identity: NonNullable<Doing["identity"]>, doing: Doing): void {
    this.#isTrying = false;
    const user_id = wireId(identity.user, identity.number);
    doing.send(JSON.stringify({ type: "authenticated", user_id }));
  }

  replied(task: Parameters<Translator["replied"]>[0], reply: unknown, doing: Doing): void {
    // Now, not when the frame came: `auth` may have been under way.
    if (task.type === "unsubscribe") doing.forgetPlace(task.room);
    if (task.type !== "subscribe" && task.type !== "subscribe_kept") return;
    const { room } = task.type === "subscribe" ? task : task.subscribe;
    const { present = [] } = reply as Subscribed;
    this.#remember(present);
    const members = present.map(({ id, number }) => ({ user_id: wireId(id, number) }));
    doing.send(JSON.stringify({ type: "room_joined", room, members }));
  }

  refused(task: Parameters<Translator["refused"]>[0], error: ProtocolError, doing: Doing): void {
    if (task.type === "enter" && this.#isTrying) {
      // The frame that made us look is answered for itself.
      this.#isTrying = false;
      return;
    }
    if (task.type === "subscribe_kept" && error.code === "resync_required") {
      doing.run(task.subscribe);
      return;
    }
    doing.send(errorFrame(error));
  }

  heardPresence({ online, offline }: PresenceEvent, doing: Doing): void {
    const me = doing.identity;
    this.#remember(online);
    for (const { id, number } of online) {
      if (me !== undefined && isClaimOf(me, id)) continue;
      doing.send(JSON.stringify({ type: "user_joined", user_id: wireId(id, number) }));
    }
    for (const id of offline) {
      const user_id = wireId(id, this.#numbers.get(id));
      doing.send(JSON.stringify({ type: "user_left", user_id }));
    }
  }

  #remember(users: readonly WireUser[]): void {
    for (const { id, number } of users) if (number !== undefined) this.#numbers.set(id, number);
  }
}

/** A page that is loaded anew while a job runs, with its old token or a new one, shows how far the job is. */
function subscriptionOf(room: RoomId): Command<"subscribe"> {
  const subscribe = subscribeWithPeople(room);
  return kindByName(room) === "job" ? { ...subscribe, last: lastOfJob } : subscribe;
}

function disabled(feature: string): ProtocolError {
  return new ProtocolError("feature_disabled", { feature });
}

/** A text, or an object with a text for clients that know only those. @throws ProtocolError */
export function contentOf(message: unknown): Pick<Command<"publish">, "text" | "data"> {
  if (!isMembers(message)) return { text: textOf(message, "message") };
  return { text: summaryOf(message), data: dataOf(message, "message") };
}

/** What an object says to people, else the object as it is written. */
function summaryOf(message: Members): string {
  for (const name of ["text", "message", "title", "type"]) {
    const value = member(message, name);
    if (typeof value !== "string") continue;
    try {
      return textOf(value, name);
    } catch {
      // No text to show; the next.
    }
  }
  return JSON.stringify(message).slice(0, maxSummary).toWellFormed();
}

/** One page of Pusher's clients: its frames in, and what it is told of its own. */
import type { Doing, SubscribeSigned, Translator } from "@parlance/core";
import {
  errorRow,
  type Json,
  limits,
  type NoticeEvent,
  type PresenceEvent,
  type PresenceList,
  type PresentUser,
  ProtocolError,
  type RoomId,
  type Subscribed,
  type UserId,
} from "@parlance/protocol";
import { asRefusal, noId } from "../json/frame.ts";
import { channelOfRoom, kindOfChannel, roomOfChannel } from "./channel.ts";
import { eventRefused, unauthorized } from "./codes.ts";
import { contentOfEvent, isClientEvent } from "./content.ts";
import { type Asked, errorFrame, frameOf, readFrame, readSigned } from "./frame.ts";
import type { PusherOptions } from "./options.ts";
import { socketIdOf } from "./socket-id.ts";

/** Seconds without a frame after which a page asks whether we are there. We ask by WebSocket's own pings. */
const activityTimeoutS = 120;
/** How long a subscription waits that came too fast, where nothing says how long. */
const presetWaitMs = 1_000;
/** Pages say who they are once their application has signed for it, which they ask for while they subscribe already. */
const signInWaitMs = 1_000;
/** Versions that say the same as 7 in all that is used here. */
const protocols: ReadonlySet<string> = new Set(["5", "6", "7"]);

/** A channel that the page has subscribed. */
interface Channel {
  readonly channel: string;
  readonly task: SubscribeSigned;
  /** Whom the page knows to be there; of presence channels. */
  readonly members?: Set<UserId>;
}

export class PusherTranslator implements Translator {
  readonly #options: PusherOptions;
  readonly #channels = new Map<RoomId, Channel>();
  /** Subscriptions that came faster than they may. */
  readonly #waiting = new Map<RoomId, SubscribeSigned>();
  /** What was signed of each sign-in that is under way. */
  readonly #signIns: string[] = [];
  #socketId = "";

  constructor(options: PusherOptions) {
    this.#options = options;
  }

  opened(doing: Doing): void {
    const [path = "", query = ""] = doing.url.split("?", 2);
    if (path.slice(path.lastIndexOf("/") + 1) !== this.#options.key) {
      doing.end("not_found");
      return;
    }
    const protocol = new URLSearchParams(query).get("protocol");
    if (protocol === null || !protocols.has(protocol)) {
      doing.end(protocol === null ? "bad_request" : "unsupported_version");
      return;
    }
    this.#socketId = socketIdOf(doing.connectionId);
    doing.enter({
      type: "enter",
      anonymous: true,
      onlyGranted: true,
      awaitsSignInMs: signInWaitMs,
      ...(this.#options.publicChannels ? { readsPublic: true } : {}),
    });
    const established = { socket_id: this.#socketId, activity_timeout: activityTimeoutS };
    doing.send(frameOf("pusher:connection_established", JSON.stringify(established)));
  }

  received(text: string, doing: Doing): void {
    try {
      this.#take(readFrame(text), doing);
    } catch (error) {
      const refusal = asRefusal(error);
      doing.send(errorFrame(null, errorRow(refusal.code).text));
      doing.badFrame();
    }
  }

  #take(asked: Asked, doing: Doing): void {
    switch (asked.type) {
      case "ping":
        doing.send(frameOf("pusher:pong", "{}"));
        return;
      case "pong":
        return;
      case "subscribe":
        this.#subscribe(asked, doing);
        return;
      case "unsubscribe": {
        const room = roomOfChannel(asked.channel);
        if (room === undefined) throw new ProtocolError("bad_request", { field: "channel" });
        this.#waiting.delete(room);
        doing.run({ type: "unsubscribe", id: noId, room });
        return;
      }
      case "signin":
        this.#signIn(asked, doing);
        return;
      case "event":
        this.#event(asked, doing);
    }
  }

  // --- Frames in ------------------------------------------------------------------------------------

  #subscribe({ channel, auth, channelData }: Asked & { type: "subscribe" }, doing: Doing): void {
    const room = roomOfChannel(channel);
    if (room === undefined) {
      this.#refuseChannel(channel, new ProtocolError("bad_request", { field: "channel" }), doing);
      return;
    }
    const { access, isCache } = kindOfChannel(channel);
    const isPresence = access === "presence";
    const isSigned = access !== "open" && access !== "user";
    let said: ReturnType<typeof readSigned> | undefined;
    if (isPresence || (isSigned && channelData !== undefined)) {
      try {
        said = readSigned(channelData ?? "", { id: "user_id", field: "channel_data" });
      } catch (error) {
        this.#refuseChannel(channel, asRefusal(error), doing);
        return;
      }
    }
    // Protocol 7, "Authenticating users": what the application signs is for this connection and this channel.
    const text = [this.#socketId, channel, ...(channelData === undefined ? [] : [channelData])];
    const { info, ...user } = said ?? { user: "" };
    doing.run({
      type: "subscribe_signed",
      subscribe: {
        type: "subscribe",
        id: noId,
        room,
        ...(isPresence ? { presence: true, with_present: true } : {}),
      },
      ...(isSigned ? { proof: { text: text.join(":"), signature: auth } } : {}),
      ...(said === undefined ? {} : { user }),
      ...(info === undefined || !isPresence ? {} : { info: info as Json }),
      ...(isCache ? { withLastMessage: true } : {}),
    });
  }

  #signIn({ auth, userData }: Asked & { type: "signin" }, doing: Doing): void {
    const { info: _, ...signed } = readSigned(userData, { id: "id", field: "user_data" });
    const proof = { text: `${this.#socketId}::user::${userData}`, signature: auth };
    this.#signIns.push(userData);
    doing.enter({ type: "enter", signed: { ...signed, proof }, keepsPlaces: "user" });
  }

  #event({ name, channel, data }: Asked & { type: "event" }, doing: Doing): void {
    const room = roomOfChannel(channel);
    const { access } = kindOfChannel(channel);
    const mayCarry = access === "private" || access === "presence";
    if (room === undefined || !mayCarry || !isClientEvent(name) || !this.#channels.has(room)) {
      doing.send(errorFrame(eventRefused, "Client events need client- and a subscribed channel"));
      return;
    }
    if (!this.#options.storedEvents.has(name)) {
      doing.run({ type: "whisper", room, name, data });
      return;
    }
    if (doing.identity?.isAnonymous === true) {
      doing.send(errorFrame(unauthorized, "A message that is kept needs somebody who wrote it"));
      return;
    }
    doing.run({
      type: "publish",
      id: noId,
      room,
      client_message_id: doing.newMessageId(),
      ...contentOfEvent({ name, data, socketId: this.#socketId }),
    });
  }

  // --- Answers --------------------------------------------------------------------------------------

  entered({ isAnonymous }: NonNullable<Doing["identity"]>, doing: Doing): void {
    if (isAnonymous === true) return;
    const userData = this.#signIns.shift() ?? "{}";
    doing.send(frameOf("pusher:signin_success", JSON.stringify({ user_data: userData })));
  }

  replied(task: Parameters<Translator["replied"]>[0], reply: unknown, doing: Doing): void {
    if (task.type === "subscribe_signed") this.#subscribed(task, reply as Subscribed, doing);
    else if (task.type === "presence") this.#compare(task.room, reply as PresenceList, doing);
    else if (task.type === "unsubscribe") {
      this.#channels.delete(task.room);
      doing.forgetPlace(task.room);
    }
  }

  #subscribed(task: SubscribeSigned, reply: Subscribed, doing: Doing): void {
    const { room } = reply;
    const channel = channelOfRoom(room) ?? room;
    const isPresence = task.subscribe.with_present === true;
    const { present = [] } = reply;
    const members = isPresence ? { members: new Set(present.map(({ id }) => id)) } : {};
    this.#channels.set(room, { channel, task, ...members });
    const data = isPresence ? JSON.stringify({ presence: rosterOf(present) }) : "{}";
    doing.send(frameOf("pusher_internal:subscription_succeeded", data, { channel }));
    if (task.withLastMessage === true && reply.offset === reply.head) {
      doing.send(frameOf("pusher:cache_miss", "", { channel }));
    }
  }

  refused(task: Parameters<Translator["refused"]>[0], error: ProtocolError, doing: Doing): void {
    switch (task.type) {
      case "enter":
        if (task.signed === undefined) return;
        this.#signIns.shift();
        doing.send(errorFrame(unauthorized, textOf(error)));
        return;
      case "subscribe_signed": {
        const { room } = task.subscribe;
        if (error.code === "resync_required") this.#beginAnew(room, task, doing);
        else if (error.code === "rate_limited") this.#later(room, task, error, doing);
        // The client would not try again by itself: it comes back, and subscribes all anew.
        else if (errorRow(error.code).retry === "later") doing.end(error.code);
        else this.#refuseChannel(channelOfRoom(room) ?? room, error, doing);
        return;
      }
      case "whisper":
      case "publish":
        doing.send(errorFrame(eventRefused, textOf(error)));
        return;
      default:
        doing.send(errorFrame(null, textOf(error)));
    }
  }

  /** A page subscribes all its channels at once when it comes back, and would not ask again. */
  #later(room: RoomId, task: SubscribeSigned, error: ProtocolError, doing: Doing): void {
    if (this.#waiting.size >= limits.subscriptions) {
      doing.end("rate_limited");
      return;
    }
    this.#waiting.set(room, task);
    const waitMs = error.details?.["retry_after_ms"];
    doing.after(typeof waitMs === "number" ? waitMs : presetWaitMs, () => {
      if (this.#waiting.get(room) !== task) return;
      this.#waiting.delete(room);
      doing.run(task);
    });
  }

  /** What was missed is not there any more: the page is told, and reads on from the head. */
  #beginAnew(room: RoomId, task: SubscribeSigned, doing: Doing): void {
    const channel = channelOfRoom(room) ?? room;
    doing.send(frameOf("parlance:reset", "{}", { channel }));
    doing.forgetPlace(room);
    doing.run(task);
  }

  #refuseChannel(channel: string, error: ProtocolError, doing: Doing): void {
    const message = textOf(error);
    const { http } = errorRow(error.code);
    const isRight = http === 401 || http === 403 || http === 404 || http === 409;
    doing.send(errorFrame(isRight ? unauthorized : null, message));
    const type = isRight ? "AuthError" : "SubscriptionError";
    const status = isRight ? 403 : http;
    const data = JSON.stringify({ type, error: message, status });
    doing.send(frameOf("pusher:subscription_error", data, { channel }));
  }

  // --- What comes by itself -------------------------------------------------------------------------

  noticed(notice: NoticeEvent, doing: Doing): void {
    if (notice.type === "goodbye") return;
    const known = this.#channels.get(notice.room);
    if (known === undefined) return;
    this.#channels.delete(notice.room);
    if (notice.type === "reset") this.#beginAnew(notice.room, known.task, doing);
    else this.#refuseChannel(known.channel, new ProtocolError("forbidden"), doing);
  }

  heardPresence({ room, online, offline, omitted }: PresenceEvent, doing: Doing): void {
    const known = this.#channels.get(room);
    if (known?.members === undefined) return;
    if (omitted === true) {
      doing.run({ type: "presence", id: noId, room });
      return;
    }
    for (const user of online) this.#came(known, user, doing);
    for (const user of offline) this.#went(known, user, doing);
  }

  #compare(room: RoomId, { users }: PresenceList, doing: Doing): void {
    const known = this.#channels.get(room);
    if (known?.members === undefined) return;
    const here = new Set(users.map(({ id }) => id));
    for (const user of [...known.members]) if (!here.has(user)) this.#went(known, user, doing);
    for (const user of users) this.#came(known, user, doing);
  }

  #came({ channel, members }: Channel, user: PresentUser, doing: Doing): void {
    if (members === undefined || members.has(user.id)) return;
    members.add(user.id);
    const data = JSON.stringify({ user_id: user.id, user_info: infoOf(user) });
    doing.send(frameOf("pusher_internal:member_added", data, { channel }));
  }

  #went({ channel, members }: Channel, user: UserId, doing: Doing): void {
    if (members?.has(user) !== true || user === doing.identity?.user) return;
    members.delete(user);
    const data = JSON.stringify({ user_id: user });
    doing.send(frameOf("pusher_internal:member_removed", data, { channel }));
  }
}

/** What the others are told of somebody: the application's words, or the name of those of whom it said nothing. */
function infoOf({ info, name }: PresentUser): Json {
  return info ?? { name };
}

function rosterOf(present: readonly PresentUser[]): object {
  const hash: Record<string, Json> = Object.create(null) as Record<string, Json>;
  for (const user of present) hash[user.id] = infoOf(user);
  return { count: present.length, ids: present.map(({ id }) => id), hash };
}

function textOf(error: ProtocolError): string {
  return error.toWire().text;
}

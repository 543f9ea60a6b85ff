import { type Doing, isClaimOf, type Translator } from "@parlance/core";
import {
  limits,
  type MessageList,
  type PresenceEvent,
  ProtocolError,
  type RoomId,
  type Subscribed,
  type UserId,
  type WireUser,
} from "@parlance/protocol";
import {
  claimedUser,
  errorFrame,
  type Members,
  member,
  noId,
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
import { inOrder, recentMessage } from "./encode.ts";

/** Messages in `recent_messages` where the page does not say (as its author's example). */
const defaultRecent = 20;

/** The Symfony chat's frames in (SC-09). One object a connection: it knows the names of the people of its rooms. */
export function createDecoder(): () => Translator {
  return () => new SymfonyTranslator();
}

class SymfonyTranslator implements Translator {
  readonly noticed = noticedWithPeople;
  readonly #find: (frame: Members) => FrameHandler | undefined;
  /** Rooms that the `auth` frames under way speak of, in their order. */
  #authRooms: (RoomId | undefined)[] = [];
  /** When somebody leaves only the id is told. */
  readonly #people = new Map<UserId, WireUser>();

  constructor() {
    this.#find = byType(
      new Map<string, FrameHandler>([
        ["auth", (frame, doing) => this.#auth(frame, doing)],
        ["join_room", (frame, doing) => this.#join(frame, doing)],
        ["chat_message", (frame, doing) => this.#say(frame, doing)],
        ["get_recent_messages", (frame, doing) => this.#recent(frame, doing)],
        ["ping", (_, doing) => doing.send('{"type":"pong"}')],
      ]),
    );
  }

  received(frame: string, doing: Doing): void {
    receiveFrame(frame, doing, this.#find);
  }

  // --- Frames in ------------------------------------------------------------------------------------

  #auth(frame: Members, doing: Doing): void {
    const claimed = member(frame, "userId");
    const token = member(frame, "token");
    const room = member(frame, "roomId");
    if (claimed === undefined && typeof token !== "string") {
      throw new ProtocolError("bad_request", { field: "userId" });
    }
    const roomId = room === undefined || room === null ? undefined : roomOf(room, "roomId");
    const entry = {
      type: "enter",
      ...(typeof token === "string" ? { token } : {}),
      ...(claimed === undefined
        ? {}
        : { claim: { user: claimedUser(claimed, "userId"), of: "accounts" } as const }),
    } as const;
    this.#authRooms.push(roomId);
    doing.enter(entry);
  }

  #join(frame: Members, doing: Doing): void {
    const room = roomOf(member(frame, "roomId"), "roomId");
    this.#mustBeOwn(frame, doing);
    doing.run(subscribeWithPeople(room));
  }

  #say(frame: Members, doing: Doing): void {
    const room = roomOf(member(frame, "roomId"), "roomId");
    const text = textOf(member(frame, "content"), "content");
    this.#mustBeOwn(frame, doing);
    doing.run({
      type: "publish",
      id: noId,
      room,
      client_message_id: doing.newMessageId(),
      text,
    });
  }

  #recent(frame: Members, doing: Doing): void {
    const room = roomOf(member(frame, "roomId"), "roomId");
    // Its clients know no threads: whatever is written is a message to them.
    const limit = limitOf(member(frame, "limit"));
    doing.run({ type: "list_messages", id: noId, room, limit, with_threads: true });
  }

  /* Security: three of the five systems let a frame say who acts. Here it may only repeat who does. While `auth` is
   * still being checked nobody is known: what waits behind it acts as whoever it finds. */
  #mustBeOwn(frame: Members, doing: Doing): void {
    const claimed = member(frame, "userId");
    if (claimed === undefined || doing.identity === undefined) return;
    if (!isClaimOf(doing.identity, claimedUser(claimed, "userId"))) {
      throw new ProtocolError("forbidden", { field: "userId" });
    }
  }

  // --- Answers --------------------------------------------------------------------------------------

  entered(identity: NonNullable<Doing["identity"]>, doing: Doing): void {
    const room = this.#authRooms.shift();
    doing.send(
      JSON.stringify({
        type: "auth_success",
        userId: wireId(identity.user, identity.number),
        username: identity.name,
        roomId: room ?? null,
      }),
    );
    if (room !== undefined) doing.run(subscribeWithPeople(room));
  }

  replied(task: Parameters<Translator["replied"]>[0], reply: unknown, doing: Doing): void {
    if (task.type === "subscribe") {
      const { present = [] } = reply as Subscribed;
      for (const user of present) this.#people.set(user.id, user);
      const users = present.map((user) => status(user, "online"));
      doing.send(JSON.stringify({ type: "room_joined", roomId: task.room, users }));
    } else if (task.type === "list_messages") {
      const { messages } = reply as MessageList;
      doing.send(
        JSON.stringify({
          type: "recent_messages",
          roomId: task.room,
          messages: inOrder(messages).map(recentMessage),
        }),
      );
    }
  }

  refused(task: Parameters<Translator["refused"]>[0], error: ProtocolError, doing: Doing): void {
    if (task.type === "enter") this.#authRooms.shift();
    doing.send(errorFrame(error));
  }

  heardPresence({ online, offline }: PresenceEvent, doing: Doing): void {
    for (const user of online) {
      this.#people.set(user.id, user);
      if (user.id !== doing.identity?.user) this.#tell(user, "online", doing);
    }
    for (const id of offline) {
      const user = this.#people.get(id);
      if (user !== undefined) this.#tell(user, "offline", doing);
      this.#people.delete(id);
    }
  }

  #tell(user: WireUser, state: "online" | "offline", doing: Doing): void {
    doing.send(JSON.stringify({ type: "user_status", ...status(user, state) }));
  }
}

function status({ id, number, name }: WireUser, state: "online" | "offline"): object {
  return { userId: wireId(id, number), username: name, status: state };
}

/** @throws ProtocolError `bad_request` for what is no number of messages; more than a page is a page. */
function limitOf(given: unknown): number {
  if (given === undefined) return defaultRecent;
  if (typeof given !== "number" || !Number.isSafeInteger(given) || given < 1) {
    throw new ProtocolError("bad_request", { field: "limit" });
  }
  return Math.min(given, limits.pageEvents);
}

import type { Doing, Translator } from "@parlance/core";
import type { Json, Position, ProtocolError, Reply, RoomId } from "@parlance/protocol";
import {
  claimedUser,
  dataOf,
  errorFrame,
  isMembers,
  type Members,
  member,
  noId,
  textOf,
} from "../json/frame.ts";
import { byType, type FrameHandler, receiveFrame } from "../json/translator.ts";
import type { PorticoOptions } from "./options.ts";

/** What a frame says beside its message; anything else travels along. */
const ownMembers: ReadonlySet<string> = new Set(["type", "message", "timestamp", "userId"]);

/** PorticoEstate's frames in (PE-08, PE-10). */
export function createDecoder(options: PorticoOptions): () => Translator {
  return () => new PorticoTranslator(options);
}

/** What an `enter` under way was for, in order. */
type Purpose = "handshake" | "update_user_info" | "listening";

class PorticoTranslator implements Translator {
  readonly #rooms: readonly RoomId[];
  readonly #options: PorticoOptions;
  readonly #find: (frame: Members) => FrameHandler | undefined;
  #entries: Purpose[] = [];
  #isListening = false;

  constructor(options: PorticoOptions) {
    this.#options = options;
    this.#rooms = [options.notificationRoom, options.chatRoom];
    this.#find = byType(
      new Map<string, FrameHandler>([
        ["update_user_info", (frame, doing) => this.#updateUser(frame, doing)],
        ["chat", (frame, doing) => this.#chat(frame, doing)],
        ["notification", (frame, doing) => this.#notify(frame, doing)],
        ["get_partial_applications", (_, doing) => this.#ask(doing)],
        ["ping", (_, doing) => doing.send('{"type":"pong"}')],
      ]),
    );
  }

  /** A login that came with the handshake needs no frame. */
  opened(doing: Doing): void {
    this.#enter("handshake", { type: "enter", keepsPlaces: "user" }, doing);
  }

  /** A page that only listens says nothing: everybody connected receives notifications (PE-08). */
  waiting(doing: Doing): void {
    if (this.#entries.length === 0) this.#listen(doing);
  }

  received(frame: string, doing: Doing): void {
    receiveFrame(frame, doing, this.#find);
  }

  // --- Frames in ------------------------------------------------------------------------------------

  #updateUser(frame: Members, doing: Doing): void {
    const user = claimedUser(member(frame, "userId"), "userId");
    const claim = { user, of: "application" } as const;
    const token = member(frame, "token");
    this.#enter(
      "update_user_info",
      {
        type: "enter",
        claim,
        keepsPlaces: "user",
        ...(typeof token === "string" && token !== "" ? { token } : {}),
      },
      doing,
    );
  }

  #chat(frame: Members, doing: Doing): void {
    const text = textOf(member(frame, "message"), "message");
    this.#listen(doing);
    this.#publish(this.#options.chatRoom, text, besides(frame), doing);
  }

  #notify(frame: Members, doing: Doing): void {
    const text = textOf(member(frame, "message"), "message");
    this.#listen(doing);
    this.#publish(this.#options.notificationRoom, text, besides(frame), doing);
  }

  /** Who asks is in what the application is asked. */
  #ask(doing: Doing): void {
    doing.run({ type: "rpc", id: noId, method: "get_partial_applications" });
  }

  #publish(room: RoomId, text: string, data: Members, doing: Doing): void {
    doing.run({
      type: "publish",
      id: noId,
      room,
      client_message_id: doing.newMessageId(),
      text,
      ...(Object.keys(data).length === 0 ? {} : { data: dataOf(data, "data") }),
    });
  }

  /** Comes in as nobody where nothing has said who it is. */
  #listen(doing: Doing): void {
    if (doing.identity !== undefined || this.#entries.includes("update_user_info")) return;
    this.#enter("listening", { type: "enter", anonymous: true }, doing);
  }

  #enter(purpose: Purpose, entry: Parameters<Doing["enter"]>[0], doing: Doing): void {
    this.#entries.push(purpose);
    doing.enter(entry);
  }

  // --- Answers --------------------------------------------------------------------------------------

  entered(identity: NonNullable<Doing["identity"]>, doing: Doing): void {
    const purpose = this.#entries.shift();
    if (purpose === "update_user_info") doing.send(confirmation(doing, { success: true }));
    const isSomebody = identity.isAnonymous !== true;
    if (this.#isListening && !(isSomebody && purpose === "update_user_info")) return;
    this.#isListening = true;
    for (const room of this.#rooms) this.#subscribe(room, doing.placeIn(room), doing);
  }

  #subscribe(room: RoomId, position: Position | undefined, doing: Doing): void {
    const from = position === undefined ? {} : { position };
    doing.run({ type: "subscribe", id: noId, room, ...from });
  }

  /** A page is told of no rooms, and reads what it said like everybody else. */
  replied(...[task, reply, doing]: Parameters<Translator["replied"]>): void {
    if (task.type !== "rpc") return;
    doing.send(applications(applicationsIn((reply as Reply<"rpc">).data), doing));
  }

  refused(task: Parameters<Translator["refused"]>[0], error: ProtocolError, doing: Doing): void {
    if (task.type === "enter") {
      const purpose = this.#entries.shift();
      if (purpose === "update_user_info") {
        const { code, text: message } = error.toWire();
        doing.send(confirmation(doing, { success: false, code, message }));
      }
      // Where it came in as nobody, or its handshake said nothing, the frames behind it are answered.
      return;
    }
    if (task.type === "rpc") {
      // A page that has not said who it is.
      const isUnknown = error.code === "unauthenticated";
      const message = isUnknown ? "Set the user first, with update_user_info." : error.message;
      doing.send(applications({ error: true, message, applications: [] }, doing));
      return;
    }
    if (task.type === "subscribe" && error.code === "resync_required") {
      this.#subscribe(task.room, undefined, doing);
      return;
    }
    doing.send(errorFrame(error));
  }

  noticed(notice: Parameters<NonNullable<Translator["noticed"]>>[0], doing: Doing): void {
    if (notice.type === "reset") this.#subscribe(notice.room, undefined, doing);
  }
}

function besides(frame: Members): Members {
  return Object.fromEntries(Object.entries(frame).filter(([name]) => !ownMembers.has(name)));
}

function confirmation(doing: Doing, outcome: Members): string {
  return stamped("user_info_update_confirmation", outcome, doing);
}

function applications(data: Members, doing: Doing): string {
  return stamped("partial_applications_response", { data }, doing);
}

/** What the back end said, with the three members that pages read; a list by itself is the applications. */
function applicationsIn(answer: Json): Members {
  if (Array.isArray(answer)) return { error: false, message: "", applications: answer };
  const own = isMembers(answer) ? answer : {};
  const list = own["applications"];
  if (Array.isArray(list)) return { error: false, message: "", ...own };
  const message = "The back end's answer has no applications.";
  return { error: true, message, ...own, applications: [] };
}

/** Every frame carries its time (PE-07). */
function stamped(type: string, members: Members, doing: Doing): string {
  return JSON.stringify({ type, ...members, timestamp: new Date(doing.now).toISOString() });
}

/** How each dialect that is spoken over a WebSocket is entered by hand, what one says in it, and what comes back. */
import { randomUUID } from "node:crypto";
import { generateToken } from "@parlance/publisher";
import { secret } from "./servers.ts";

/** The room that everybody is in, well-behaved or not: in some dialects there is only one. */
export const room = "town";

/** Settings with which every dialect speaks of that room. */
export const oneRoom: Readonly<Record<string, string>> = {
  PARLANCE_CHATLOGGER_ROOM: room,
  PARLANCE_PORTICO_CHAT_ROOM: room,
  // All clients of a bench come from one address, and each has its own rate all the same.
  PARLANCE_COMMANDS_PER_SECOND: "50",
  PARLANCE_SIGN_INS_PER_MINUTE: "0",
};

/** What a frame of the server is to whoever said something. */
export interface Meaning {
  /** Text of a message that it delivers. */
  readonly heard?: string;
  /** Of an acknowledgement: the id that was asked with. */
  readonly acknowledged?: string;
}

/** One dialect. Frames are texts as they go over the line. */
export interface Voice {
  readonly dialect: string;
  readonly path: string;
  /** What brings a user in. The user is a number of one's own. */
  readonly enter: (url: string, user: number) => Promise<readonly string[]>;
  /** Starts the answer to the first frame, where the others may only follow behind it. */
  readonly welcome?: string;
  /** Stands in the frame that says that one is in; absent where nothing is said. */
  readonly ready?: string;
  /** False where messages are known by their own return only. */
  readonly acknowledges: boolean;
  readonly say: (text: string, id: string) => string;
  readonly read: (frame: string) => Meaning;
}

const json = JSON.stringify;
const tokenOf = (user: number): string => generateToken(user, 3_600, { secret });

interface Frame {
  readonly type?: string;
  readonly id?: unknown;
  readonly message?: string;
  readonly content?: string;
  readonly data?: { readonly text?: string };
}

function heardAs(type: string, member: "message" | "content"): Voice["read"] {
  return (text) => {
    const frame = JSON.parse(text) as Frame;
    const heard = frame.type === type ? frame[member] : undefined;
    return heard === undefined ? {} : { heard };
  };
}

/** A session of a guest, for where a signed token makes nobody. */
export async function guestToken(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/guests`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: json({ name: `guest ${randomUUID().slice(0, 8)}` }),
  });
  if (!answer.ok) throw new Error(`no guest: ${answer.status}`);
  return ((await answer.json()) as { token: string }).token;
}

const native: Voice = {
  dialect: "native",
  path: "/ws",
  ready: '"id":"sub"',
  acknowledges: true,
  enter: async (_, user) => [
    json({ type: "sign_in", id: "in", token: tokenOf(user) }),
    json({ type: "subscribe", id: "sub", room }),
  ],
  say: (text, id) => json({ type: "publish", id, room, text, client_message_id: id }),
  read(text) {
    const { data, id, type } = JSON.parse(text) as Frame;
    if (type === "reply") return { acknowledged: String(id) };
    return type === "message.created" && data?.text !== undefined ? { heard: data.text } : {};
  },
};

const socketio: Voice = {
  dialect: "socketio",
  path: "/socket.io/?EIO=4&transport=websocket",
  welcome: "40{",
  ready: '431[{"ok":true',
  acknowledges: true,
  enter: async (url) => [
    `40${json({ token: await guestToken(url) })}`,
    `421${json(["chat:join", { chatId: room }])}`,
  ],
  // Ids of acknowledgements are numbers, and 1 is taken by the entry.
  say: (content, id) =>
    `42${Number(id.split("-").at(-1)) + 2}${json(["message:send", { chatId: room, content }])}`,
  read(text) {
    if (text.startsWith("43")) {
      const [, answer = ""] = /^43\d+(.*)$/s.exec(text) ?? [];
      const [{ ok, message }] = JSON.parse(answer) as [{ ok: boolean; message?: Frame }];
      return ok && message?.content !== undefined ? { acknowledged: message.content } : {};
    }
    if (!text.startsWith('42["message:new"')) return {};
    const [, message] = JSON.parse(text.slice(2)) as [string, Frame];
    return message.content === undefined ? {} : { heard: message.content };
  },
};

const chatlogger: Voice = {
  dialect: "chatlogger",
  path: "/chatlogger",
  acknowledges: false,
  enter: async () => [],
  say: (message) => json({ username: "Somebody", message }),
  read: heardAs("message", "message"),
};

const mmb: Voice = {
  dialect: "mmb",
  path: "/mmb",
  ready: '"room_joined"',
  acknowledges: false,
  enter: async (_, user) => [
    json({ type: "auth", token: tokenOf(user) }),
    json({ type: "join", room }),
  ],
  say: (message) => json({ type: "message", room, message }),
  read: heardAs("message", "message"),
};

const portico: Voice = {
  dialect: "portico",
  path: "/wss",
  ready: '"user_info_update_confirmation"',
  acknowledges: false,
  enter: async (_, userId) => [json({ type: "update_user_info", userId, token: tokenOf(userId) })],
  say: (message) => json({ type: "chat", message }),
  read: heardAs("chat", "message"),
};

const symfonyChat: Voice = {
  dialect: "symfony-chat",
  path: "/symfony-chat",
  ready: '"room_joined"',
  acknowledges: false,
  enter: async (_, user) => [json({ type: "auth", token: tokenOf(user), roomId: room })],
  say: (content) => json({ type: "chat_message", roomId: room, content }),
  read: heardAs("chat_message", "content"),
};

/** All of them. The event stream is spoken over HTTP and has a place of its own. */
export const voices: readonly Voice[] = [native, socketio, chatlogger, mmb, portico, symfonyChat];

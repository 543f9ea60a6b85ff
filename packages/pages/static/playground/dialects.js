/**
 * The dialects that the playground speaks: how each is reached, what one can say in it, and which frames publish
 * something. Frames are text; `examples` are ready to be sent.
 */

import { updateThatWrites } from "./yjs.js";

/** @typedef {{ room: string, text?: string, data?: unknown }} Publication What a frame would put into a room. */

const id = () => crypto.randomUUID().slice(0, 8);
const now = () => new Date().toISOString();

/** In the order of the list. `scheme` is `ws` for sockets and `http` for what begins as a request. */
export const dialects = [
  {
    name: "native",
    title: "Native",
    scheme: "ws",
    about:
      "Parlance's own words. Sign in first, subscribe, publish. Without a token you are a guest.",
    examples: (token) => [
      ["Sign in", { type: "sign_in", id: 1, ...(token ? { token } : { guest: { name: "Ann" } }) }],
      ["Subscribe", { type: "subscribe", id: 2, room: "general", last: 20 }],
      [
        "Publish",
        { type: "publish", id: 3, room: "general", client_message_id: id(), text: "Hello" },
      ],
      ["History", { type: "history", id: 4, room: "general", limit: 20 }],
      ["Typing", { type: "typing", id: 5, room: "general", active: true }],
      ["Who is here", { type: "presence", id: 6, room: "general" }],
      ["Ping", { type: "ping", id: 7 }],
    ],
    publication: ({ type, room, text, data }) => type === "publish" && { room, text, data },
  },
  {
    name: "sse",
    title: "Server-sent events",
    scheme: "http",
    about:
      "Events come as a stream of one HTTP answer; what you say goes over REST with the same token.",
    examples: () => [
      [
        "Publish",
        { method: "POST", path: "/api/v1/rooms/general/messages", body: { text: "Hello" } },
      ],
      ["List rooms", { method: "GET", path: "/api/v1/rooms" }],
    ],
    publication({ method, path, body }) {
      const room = /^\/api\/v1\/rooms\/([^/]+)\/messages$/.exec(path)?.[1];
      return method === "POST" && room !== undefined && { ...body, room: decodeURIComponent(room) };
    },
  },
  {
    name: "mmb",
    title: "MMB",
    scheme: "ws",
    about: "Authenticate first, then join. Edits and cursors go to the others of a room.",
    examples: (token) => [
      ["Authenticate", { type: "auth", token: token || "your-token-here" }],
      ["Join", { type: "join", room: "chat_general" }],
      ["Message", { type: "message", room: "chat_general", message: "Hello" }],
      [
        "Edit",
        {
          type: "edit",
          room: "codexpro_project_1",
          changes: { from: { line: 0, ch: 0 }, to: { line: 0, ch: 0 }, text: ["x"], removed: [""] },
        },
      ],
      ["Cursor", { type: "cursor", room: "codexpro_project_1", position: { line: 0, ch: 1 } }],
      ["Leave", { type: "leave", room: "chat_general" }],
      ["Ping", { type: "ping" }],
    ],
    publication: ({ type, room, message }) => type === "message" && published(room, message),
  },
  {
    name: "portico",
    title: "PorticoEstate",
    scheme: "ws",
    about:
      "Notifications to everybody. The user's id comes before anything that concerns one user.",
    examples: (token) => [
      [
        "User",
        {
          type: "update_user_info",
          userId: 123,
          ...(token ? { token } : {}),
          timestamp: now(),
        },
      ],
      ["Chat", { type: "chat", message: "Hello", timestamp: now() }],
      [
        "Notification",
        { type: "notification", message: "New booking", data: { id: 123 }, timestamp: now() },
      ],
      ["Partial applications", { type: "get_partial_applications", timestamp: now() }],
    ],
    publication({ type, message, data }) {
      if (type === "chat") return { room: "portico_chat", text: message };
      return type === "notification" && { room: "notifications", text: message, data };
    },
  },
  {
    name: "symfony-chat",
    title: "Symfony chat",
    scheme: "ws",
    about:
      "A user, a room, messages. The id is believed only where this server trusts its network.",
    examples: (token) => [
      ["Authenticate", { type: "auth", userId: 1, roomId: "general", ...(token ? { token } : {}) }],
      [
        "Message",
        { type: "chat_message", content: "Hello everyone!", userId: 1, roomId: "general" },
      ],
      ["Join room", { type: "join_room", roomId: "tech", userId: 1 }],
      ["Recent messages", { type: "get_recent_messages", roomId: "general", limit: 20 }],
    ],
    publication: ({ type, roomId, content }) =>
      type === "chat_message" && { room: roomId, text: content },
  },
  {
    name: "chatlogger",
    title: "ChatLogger",
    scheme: "ws",
    about: "One room, no sign-in: a name and a message. The last messages come first.",
    examples: () => [
      ["Message", { username: "Ann", message: "Hello" }],
      ["Anonymous", { message: "Hello" }],
    ],
    publication: ({ message }) => message && { room: "chatlogger", text: message },
  },
  {
    name: "socketio",
    title: "Socket.IO",
    scheme: "http",
    about:
      "The real client library. A frame is a list: the event's name, then its arguments; the answer comes back as “ack”.",
    examples: () => [
      ["Join chat", ["chat:join", { chatId: "general" }]],
      ["Message", ["message:send", { chatId: "general", content: "Hello", messageType: "text" }]],
      ["Typing", ["typing:start", { chatId: "general" }]],
      ["Typing stopped", ["typing:stop", { chatId: "general" }]],
      ["Read", ["message:read", { messageId: "1", chatId: "general" }]],
      ["Leave chat", ["chat:leave", { chatId: "general" }]],
    ],
    publication: ([event, body] = []) =>
      event === "message:send" && { room: body?.chatId, text: body?.content },
  },
  {
    name: "pusher",
    title: "Pusher",
    scheme: "ws",
    about:
      "Channels are rooms. Pages listen to public ones; the others, and who one is, need a signature of your back end, which also publishes.",
    examples: () => [
      ["Subscribe", { event: "pusher:subscribe", data: { channel: "general" } }],
      ["Cache channel", { event: "pusher:subscribe", data: { channel: "cache-general" } }],
      ["Unsubscribe", { event: "pusher:unsubscribe", data: { channel: "general" } }],
      ["Ping", { event: "pusher:ping", data: {} }],
    ],
    publication: () => undefined,
  },
  {
    name: "yjs",
    title: "Yjs",
    scheme: "ws",
    about:
      "The wire of y-websocket, of which each connection is one document, the last part of the address. Frames are bytes; here they are JSON. You need a token: it gets you a ticket.",
    examples: () => [
      ["Ask for all", { type: "ask", state_vector: "AA==" }],
      ["Write", { type: "update", update: updateThatWrites("page", "Hello ") }],
      [
        "Cursor",
        { type: "awareness", clients: [{ client: 1, clock: seconds(), state: { cursor: 3 } }] },
      ],
      ["Who is here", { type: "ask_awareness" }],
    ],
    publication: () => undefined,
  },
];

/** A number that grows. */
const seconds = () => Math.floor(Date.now() / 1_000);

/** @returns {Publication} */
function published(room, message) {
  return typeof message === "string" ? { room, text: message } : { room, text: "", data: message };
}

/** A place as the server names it (`/ws`, `:8082/`, or a whole address) as an address that this page can reach. */
export function addressOf(place, scheme) {
  if (/^[a-z]+:/.test(place)) return place;
  const secure = location.protocol === "https:" ? "s" : "";
  return `${scheme}${secure}://${place.startsWith(":") ? location.hostname : location.host}${place}`;
}

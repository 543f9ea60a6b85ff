/** Clients that do what no client should, in each dialect. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { generateToken } from "@parlance/publisher";
import type { ServerProcess } from "@parlance/testkit/server-process";
import { WebSocket } from "ws";
import { room, secret } from "./speaker.ts";

/** How a dialect is entered by hand, and what one says in it. Texts, as they go over the line. */
export interface Wire {
  readonly dialect: string;
  readonly path: string;
  /** Frames that bring somebody into the room. */
  enter(server: ServerProcess): readonly string[] | Promise<readonly string[]>;
  /** What the server says to the first of them, where others may only follow then. */
  readonly welcome?: string;
  say(text: string): string;
}

let people = 9_000;
const token = (): string => {
  people += 1;
  return generateToken(people, 600, { secret });
};
const json = JSON.stringify;

/** Every dialect that is spoken over WebSockets. */
export const wires: readonly Wire[] = [
  {
    dialect: "native",
    path: "/ws",
    enter: () => [
      json({ type: "sign_in", id: 1, token: token() }),
      json({ type: "subscribe", id: 2, room }),
    ],
    say: (text) =>
      json({
        type: "publish",
        id: 3,
        room,
        text,
        client_message_id: randomBytes(8).toString("hex"),
      }),
  },
  {
    dialect: "chatlogger",
    path: "/chatlogger",
    enter: () => [],
    say: (message) => json({ username: "Rogue", message }),
  },
  {
    dialect: "mmb",
    path: "/mmb",
    enter: () => [json({ type: "auth", token: token() }), json({ type: "join", room })],
    say: (message) => json({ type: "message", room, message }),
  },
  {
    dialect: "portico",
    path: "/wss",
    enter: () => [json({ type: "update_user_info", userId: 77 })],
    say: (message) => json({ type: "chat", message }),
  },
  {
    dialect: "symfony-chat",
    path: "/symfony-chat",
    enter: () => [json({ type: "auth", token: token(), roomId: room })],
    say: (content) => json({ type: "chat_message", roomId: room, content }),
  },
  {
    dialect: "socketio",
    path: "/socket.io/?EIO=4&transport=websocket",
    welcome: "40{",
    // Whom the directory does not know is not let in with a JWT.
    async enter(server) {
      const answer = await fetch(`${server.url}/api/v1/guests`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: json({ name: "Rogue" }),
      });
      const guest = (await answer.json()) as { token: string };
      return [`40${json({ token: guest.token })}`, `42${json(["chat:join", { chatId: room }])}`];
    },
    say: (content) => `42${json(["message:send", { chatId: room, content, messageType: "text" }])}`,
  },
];

async function open(server: ServerProcess, wire: Wire): Promise<WebSocket> {
  const frames = await wire.enter(server);
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${wire.path}`);
  socket.on("error", () => {});
  await once(socket, "open");
  const { welcome } = wire;
  const [first, ...rest] = frames;
  if (first !== undefined) socket.send(first);
  if (welcome !== undefined) {
    await new Promise<void>((resolve) => {
      socket.on("close", resolve);
      socket.on("message", (data: Buffer) => data.toString().startsWith(welcome) && resolve());
    });
  }
  for (const frame of isOpen(socket) ? rest : []) socket.send(frame);
  return socket;
}

const isOpen = (socket: WebSocket): boolean => socket.readyState === WebSocket.OPEN;

/** Nonsense, until the server has had enough; then a binary frame and one that is too long, on lines of their own. */
export async function sendNonsense(server: ServerProcess, wire: Wire): Promise<void> {
  const bad = ["", "{", "null", "[]", "7", '{"type":"dance"}', "\u0000", "[".repeat(10_000)];
  const socket = await open(server, wire);
  for (let index = 0; index < 60 && isOpen(socket); index += 1) {
    socket.send(bad[index % bad.length] ?? "");
    await sleep(2);
  }
  socket.terminate();
  for (const last of [Buffer.from([0, 255, 1]), "x".repeat(300_000)]) {
    const other = await open(server, wire);
    other.send(last);
    await Promise.race([once(other, "close"), sleep(1_000)]);
    other.terminate();
  }
}

/** Comes in, asks for everything and reads nothing any more. @returns what ends it. */
export async function neverRead(server: ServerProcess, wire: Wire): Promise<() => void> {
  const socket = await open(server, wire);
  const { _socket } = socket as unknown as { readonly _socket: Socket };
  _socket.pause();
  return () => socket.terminate();
}

/** Cuts the line in the middle of a frame. */
export async function vanishMidFrame(server: ServerProcess, wire: Wire): Promise<void> {
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(
    `GET ${wire.path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUpgrade: websocket\r\n` +
      `Connection: Upgrade\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n` +
      `Sec-WebSocket-Version: 13\r\n\r\n`,
  );
  await once(socket, "data");
  // Text, final, masked, 126 bytes announced; five of them come.
  socket.write(Buffer.from([0x81, 0xfe, 0x00, 0x7e, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  await sleep(1);
  socket.resetAndDestroy();
}

/** As many frames as the line takes, while that is wished. @returns how many. */
export async function flood(
  server: ServerProcess,
  wire: Wire,
  isWished: () => boolean,
): Promise<number> {
  let sent = 0;
  let socket = await open(server, wire);
  while (isWished()) {
    if (!isOpen(socket)) {
      await sleep(50);
      socket = await open(server, wire);
    }
    for (let index = 0; index < 20; index += 1) {
      socket.send(wire.say(`flood ${sent} of ${wire.dialect}`));
      sent += 1;
    }
    await sleep(socket.bufferedAmount > 65_536 ? 50 : 5);
  }
  socket.terminate();
  return sent;
}

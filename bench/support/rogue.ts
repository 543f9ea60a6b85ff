/**
 * A process that misbehaves in one way towards a server until it is told to stop. It is one of its own, so that what is
 * measured beside it is the server, and it yields to the measuring one.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { generateToken } from "@parlance/publisher";
import { WebSocket } from "ws";
import { secret } from "./servers.ts";
import { room, type Voice, voices } from "./voices.ts";

/** The ways in which a client misbehaves. */
export const deeds = ["bad frames", "good frames", "reads nothing", "connect storm"] as const;
export type Deed = (typeof deeds)[number];

/** What the process is started with, as its only argument. */
export interface RogueOrder {
  readonly url: string;
  readonly dialect: string;
  readonly deed: Deed;
  /** Its users' numbers begin here. */
  readonly firstUser: number;
  /** Lines of who reads nothing, and attempts at once in a storm. */
  readonly lines: number;
}

/** What it says when it is told to stop. */
export interface RogueCounts {
  /** Frames or requests that it wrote. */
  readonly sent: number;
  /** Connections that it opened. */
  readonly opened: number;
  /** Of those, how many the server ended. */
  readonly ended: number;
}

const bufferedBytes = 262_144;
const step = 50;
const badFrames = ["", "{", "null", "[]", '{"type":"dance"}', "\u0000", "[".repeat(1_000), "42"];

let sent = 0;
let opened = 0;
let ended = 0;
let isStopped = false;

/** A line to the server, of whatever kind. */
interface Rope {
  readonly isOpen: boolean;
  readonly unsentBytes: number;
  send(frame: string): void;
  /** Takes nothing from it any more. */
  stopReading(): void;
  cut(): void;
}

interface Target {
  open(): Promise<Rope>;
  bad(index: number): string;
  good(text: string): string;
}

function overWebSocket(voice: Voice, { url, firstUser }: RogueOrder): Target {
  let user = firstUser;
  return {
    async open() {
      user += 1;
      const [first, ...rest] = await entry(voice, url, user);
      const socket = new WebSocket(`${url.replace(/^http/, "ws")}${voice.path}`);
      socket.on("error", () => {});
      const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
      await Promise.race([once(socket, "open"), closed]);
      const { welcome, ready } = voice;
      const frame = (isWanted: (text: string) => boolean): Promise<unknown> =>
        Promise.race([
          closed,
          new Promise<void>((resolve) => {
            socket.on("message", (data: Buffer) => isWanted(data.toString()) && resolve());
          }),
        ]);
      const isIn = ready === undefined ? undefined : frame((text) => text.includes(ready));
      const isWelcome =
        welcome === undefined ? undefined : frame((text) => text.startsWith(welcome));
      if (first !== undefined && socket.readyState === WebSocket.OPEN) socket.send(first);
      await isWelcome;
      for (const other of rest) if (socket.readyState === WebSocket.OPEN) socket.send(other);
      await isIn;
      return ropeOf(socket);
    },
    bad: (index) => badFrames[index % badFrames.length] ?? "",
    good: (text) => voice.say(text, `rogue-${text.replaceAll(" ", "-")}`),
  };
}

/** One guest is enough for Socket.IO: making them is another door's work. */
let guest: Promise<readonly string[]> | undefined;
function entry(voice: Voice, url: string, user: number): Promise<readonly string[]> {
  if (voice.dialect !== "socketio") return voice.enter(url, user);
  guest ??= voice.enter(url, user);
  return guest;
}

function ropeOf(socket: WebSocket): Rope {
  return {
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    get unsentBytes() {
      return socket.bufferedAmount;
    },
    send: (frame) => socket.send(frame),
    stopReading: () => socket.pause(),
    cut: () => socket.terminate(),
  };
}

/** Requests as they are, one behind the other without waiting for an answer. */
function overHttp({ url, firstUser }: RogueOrder): Target {
  const { hostname, port } = new URL(url);
  const head = `Host: ${hostname}\r\nAuthorization: Bearer ${generateToken(firstUser, 3_600, { secret })}`;
  const post = (body: string): string =>
    `POST /api/v1/rooms/${room}/messages HTTP/1.1\r\n${head}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  return {
    async open() {
      const socket: Socket = connect(Number(port), hostname);
      socket.on("error", () => {});
      await Promise.race([once(socket, "connect"), once(socket, "close")]);
      socket.write(`GET /rooms/${room}/events HTTP/1.1\r\n${head}\r\n\r\n`);
      const closed = once(socket, "close");
      await Promise.race([once(socket, "data"), closed]);
      // The stream is answered for ever; what is asked goes over a line of its own.
      const asking: Socket = connect(Number(port), hostname);
      asking.on("error", () => {});
      socket.on("close", () => asking.destroy());
      asking.on("close", () => socket.destroy());
      socket.resume();
      asking.resume();
      return {
        get isOpen() {
          return !socket.destroyed && !asking.destroyed;
        },
        get unsentBytes() {
          return asking.writableLength;
        },
        send: (request) => void asking.write(request),
        stopReading() {
          socket.pause();
          asking.pause();
        },
        cut() {
          socket.destroy();
          asking.destroy();
        },
      };
    },
    bad: (index) => post(badFrames[index % badFrames.length] ?? ""),
    good: (text) => post(JSON.stringify({ text })),
  };
}

/** Comes in; tries again where it is not let in. */
async function comeIn(target: Target): Promise<Rope> {
  for (;;) {
    const rope = await target.open();
    if (opened === 0) process.send?.("begun");
    opened += 1;
    if (rope.isOpen || isStopped) return rope;
    ended += 1;
    await sleep(5);
  }
}

/** As many frames as the line takes; who is thrown out comes in again. */
async function flood(
  target: Target,
  frame: (index: number) => string,
  readsNothing: boolean,
): Promise<void> {
  let rope = await comeIn(target);
  if (readsNothing) rope.stopReading();
  while (!isStopped) {
    if (!rope.isOpen) {
      ended += 1;
      rope = await comeIn(target);
      if (readsNothing) rope.stopReading();
    }
    for (let n = 0; n < step && rope.isOpen && rope.unsentBytes < bufferedBytes; n += 1) {
      sent += 1;
      rope.send(frame(sent));
    }
    await sleep(rope.unsentBytes < bufferedBytes ? 0 : 5);
  }
  rope.cut();
}

async function storm(target: Target): Promise<void> {
  while (!isStopped) (await comeIn(target)).cut();
}

/** Does it until it is stopped. */
async function misbehave(target: Target, { deed, lines: count }: RogueOrder): Promise<void> {
  const good = (index: number): string => target.good(`rogue ${process.pid} ${index}`);
  const lines = (run: () => Promise<void>): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, run));
  switch (deed) {
    case "bad frames":
      return flood(target, (index) => target.bad(index), false);
    case "good frames":
      return flood(target, good, false);
    case "reads nothing":
      return void (await lines(() => flood(target, good, true)));
    case "connect storm":
      return void (await lines(() => storm(target)));
    default:
      return deed satisfies never;
  }
}

const [argument] = process.argv.slice(2);
if (process.send !== undefined && argument !== undefined) {
  const order = JSON.parse(argument) as RogueOrder;
  const voice = voices.find(({ dialect }) => dialect === order.dialect);
  process.once("message", () => {
    isStopped = true;
    process.send?.({ sent, opened, ended } satisfies RogueCounts, () => process.exit(0));
  });
  process.once("disconnect", () => process.exit(1));
  await misbehave(voice === undefined ? overHttp(order) : overWebSocket(voice, order), order);
}

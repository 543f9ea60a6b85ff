/**
 * Sessions of Engine.IO behind one port. Their requests come on any connection, so on any worker, and belong to the one
 * that has the session; the session's id names it. Whoever gets a request of another hands it on over a Unix domain
 * socket, where it looks as if it had come from the client itself.
 */
import { chmodSync, rmSync } from "node:fs";
import {
  Agent,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { WorkerPlace } from "./worker-messages.ts";

/** The client's connection, as what is behind the socket is told of it. */
interface Introduction {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
}

/** Fields of one connection (RFC 9110 §7.6.1): they are not handed on. */
const hopByHop: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding"]);
const lengthBytes = 2;
const maxIntroductionBytes = 1_024;

/** Where requests go that belong to another worker. */
export interface HandOver {
  /** For the id of a session that begins here. */
  readonly namePrefix: string;
  /** @returns false if the request is this worker's own, or nobody's. */
  request(request: IncomingMessage, response: ServerResponse): boolean;
  /** As `request`, for an upgrade. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

export function createHandOver({ number, handOverPaths }: WorkerPlace): HandOver {
  const agents = new WeakMap<Socket, Map<string, Agent>>();
  const pathFor = (request: IncomingMessage): string | undefined => {
    const owner = ownerOf(request.url);
    return owner === undefined || owner === number ? undefined : handOverPaths[owner - 1];
  };
  /** One connection to a worker behind each of a client's, as long as that lives. A proxy's may lead to several. */
  const agentFor = (socket: Socket, path: string): Agent => {
    const ofSocket = agents.get(socket) ?? new Map<string, Agent>();
    agents.set(socket, ofSocket);
    const known = ofSocket.get(path);
    if (known !== undefined) return known;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agent.createConnection = () => introduced(path, socket);
    ofSocket.set(path, agent);
    socket.once("close", () => agent.destroy());
    return agent;
  };
  return {
    namePrefix: `w${number}.`,
    request(request, response) {
      const path = pathFor(request);
      if (path === undefined) return false;
      relay(request, response, agentFor(request.socket, path));
      return true;
    },
    upgrade(request, socket, head) {
      const path = pathFor(request);
      if (path === undefined) return false;
      relayUpgrade(request, socket as Socket, head, path);
      return true;
    },
  };
}

/** The worker that a session's id names; undefined where it names none. */
function ownerOf(url = ""): number | undefined {
  const query = url.indexOf("?");
  const sid = query === -1 ? null : new URLSearchParams(url.slice(query)).get("sid");
  const [, number] = /^w(\d{1,4})\./.exec(sid ?? "") ?? [];
  return number === undefined ? undefined : Number(number);
}

/** A connection to one worker, past the shared port, for commands of the same user on the same machine. */
export function connectToWorker(path: string): Socket {
  return introduced(path, { remoteAddress: "127.0.0.1", remotePort: 0, localAddress: "127.0.0.1" });
}

function introduced(path: string, client: Introduction): Socket {
  const { remoteAddress, remotePort, localAddress } = client;
  const words = Buffer.from(JSON.stringify({ remoteAddress, remotePort, localAddress }));
  const socket = connect(path);
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt16BE(words.length);
  socket.write(Buffer.concat([length, words]));
  return socket;
}

function relay(request: IncomingMessage, response: ServerResponse, agent: Agent): void {
  const { method, url, rawHeaders } = request;
  const onward = httpRequest({ agent, method, path: url, setHost: false });
  for (const [name, value] of fieldsOf(rawHeaders)) onward.setHeader(name, value);
  onward.once("response", (answer) => {
    for (const [name, value] of fieldsOf(answer.rawHeaders)) response.setHeader(name, value);
    response.writeHead(answer.statusCode ?? 502);
    answer.pipe(response);
    answer.once("error", () => response.destroy());
  });
  // The worker is gone, and with it the session: the client begins a new one.
  onward.once("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, { connection: "close" }).end();
  });
  response.once("close", () => {
    if (!response.writableFinished) onward.destroy();
  });
  request.pipe(onward);
}

/** Fields by name, in their order, without those of the connection. */
function fieldsOf(rawHeaders: readonly string[]): Map<string, string | string[]> {
  const fields = new Map<string, string | string[]>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (hopByHop.has(name.toLowerCase())) continue;
    const known = fields.get(name);
    fields.set(name, known === undefined ? value : [known, value].flat());
  }
  return fields;
}

function relayUpgrade(request: IncomingMessage, socket: Socket, head: Buffer, path: string): void {
  const { method, url, rawHeaders } = request;
  const onward = introduced(path, socket);
  let lines = `${method} ${url} HTTP/1.1\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    lines += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`;
  }
  // As Node read them: one byte for each character.
  onward.write(Buffer.from(`${lines}\r\n`, "latin1"));
  onward.write(head);
  for (const [one, other] of [
    [socket, onward],
    [onward, socket],
  ] as const) {
    one.on("error", () => {});
    one.once("close", () => other.destroy());
    one.pipe(other);
  }
}

/**
 * Takes what others hand over, as connections of `server` itself.
 *
 * @returns a function that ends it.
 * @throws the system's error if the path cannot be listened on.
 */
export async function takeHandOvers(server: Server, path: string): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  const door = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    readIntroduction(socket, (introduction) => {
      Object.defineProperties(socket, Object.getOwnPropertyDescriptors(introduction));
      server.emit("connection", socket);
      // What came with the introduction waits in the socket, which was paused for it.
      socket.resume();
    });
  });
  // Of a worker that died.
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    door.once("error", reject);
    door.listen(path, () => {
      door.off("error", reject);
      resolve();
    });
  });
  /* Security: who can write to this socket says from which address a client comes. */
  chmodSync(path, 0o600);
  return async () => {
    const closed = new Promise((resolve) => door.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
}

function readIntroduction(socket: Socket, done: (introduction: Introduction) => void): void {
  let heard = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    heard = Buffer.concat([heard, chunk]);
    const length = heard.length < lengthBytes ? maxIntroductionBytes : heard.readUInt16BE(0);
    if (length > maxIntroductionBytes) socket.destroy();
    if (heard.length < lengthBytes + length) return;
    socket.off("data", take);
    socket.pause();
    const end = lengthBytes + length;
    const words = heard.toString("utf8", lengthBytes, end);
    if (heard.length > end) socket.unshift(heard.subarray(end));
    try {
      done(JSON.parse(words) as Introduction);
    } catch {
      socket.destroy();
    }
  };
  socket.on("data", take);
}

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import type { Socket } from "node:net";

/** A WebSocket client on the bare socket, so that it can really stop to read: nothing buffers for it. */
export class RawReader {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #onText: (text: string) => void = () => {};
  isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
    });
  }

  static async open(port: number): Promise<RawReader> {
    const upgrade = request({
      port,
      host: "127.0.0.1",
      path: "/ws",
      agent: false,
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": randomBytes(16).toString("base64"),
      },
    });
    upgrade.end();
    const [, socket, head] = (await once(upgrade, "upgrade")) as [unknown, Socket, Buffer];
    const reader = new RawReader(socket);
    if (head.length > 0) reader.#take(head);
    return reader;
  }

  /** Stops to read: from now on the peer's bytes stay in the system, until it takes no more. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads on. @param onText Gets each text frame. */
  read(onText: (text: string) => void): void {
    this.#onText = onText;
    this.#socket.resume();
  }

  /** Sends one command and resolves with the first frame whose text contains `answer`. */
  async ask(command: object, answer: string): Promise<string> {
    const answered = new Promise<string>((resolve, reject) => {
      this.#socket.once("close", () => reject(new Error("closed before the answer")));
      this.read((text) => {
        if (text.includes(answer)) resolve(text);
      });
    });
    this.#send(0x81, Buffer.from(JSON.stringify(command)));
    return await answered;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #send(first: number, payload: Buffer): void {
    const mask = randomBytes(4);
    const masked = Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
    const { length } = payload;
    const header =
      length < 126 ? [first, 0x80 | length] : [first, 0xfe, length >> 8, length & 0xff];
    this.#socket.write(Buffer.concat([Buffer.from(header), mask, masked]));
  }

  #take(bytes: Buffer): void {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const frame = firstFrame(rest);
      if (frame === undefined) break;
      rest = rest.subarray(frame.end);
      if (frame.opcode === 0x1) this.#onText(frame.payload.toString("utf8"));
      else if (frame.opcode === 0x9) this.#send(0x8a, frame.payload);
    }
    this.#rest = rest;
  }
}

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly end: number;
}

/** A server's frame: not masked and, from this server, never fragmented. */
function firstFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  let length = (bytes[1] ?? 0) & 0x7f;
  let start = 2;
  if (length >= 126) {
    start = length === 126 ? 4 : 10;
    if (bytes.length < start) return undefined;
    length = length === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  }
  if (bytes.length < start + length) return undefined;
  const payload = bytes.subarray(start, start + length);
  return { opcode: (bytes[0] ?? 0) & 0x0f, payload, end: start + length };
}

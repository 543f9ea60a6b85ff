/** A client that sends exactly the bytes it is told to, valid or not. */
import { connect, type Socket } from "node:net";
import { inflateRawSync } from "node:zlib";

/** A frame as it was received. */
export interface SeenFrame {
  readonly first: number;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A frame to be sent; by default final, masked text. */
export interface FrameToSend {
  readonly opcode?: number;
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly masked?: boolean;
  readonly payload?: Uint8Array | string;
  /** Says another length than the payload has. */
  readonly declaredLength?: bigint;
}

export const handshakeFields: readonly string[] = [
  "Host: localhost",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/** A good handshake but for the fields that are replaced (by name), removed (undefined) or added. */
export function handshake(
  changes: Readonly<Record<string, string | undefined>> = {},
  requestLine = "GET /ws HTTP/1.1",
): string {
  const kept = handshakeFields.filter((line) => !((line.split(":")[0] ?? "") in changes));
  const added = Object.entries(changes).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return `${[requestLine, ...kept, ...added].join("\r\n")}\r\n\r\n`;
}

export function frame(options: FrameToSend = {}): Buffer {
  const payload = Buffer.from(options.payload ?? "");
  const length = options.declaredLength ?? BigInt(payload.length);
  const masked = options.masked ?? true;
  const first = ((options.fin ?? true) ? 0x80 : 0) | (options.rsv ?? 0) | (options.opcode ?? 1);
  const header = [first];
  const maskBit = masked ? 0x80 : 0;
  if (length < 126n) header.push(maskBit | Number(length));
  else if (length < 65_536n)
    header.push(maskBit | 126, Number(length >> 8n), Number(length & 255n));
  else {
    header.push(maskBit | 127);
    for (let shift = 56n; shift >= 0n; shift -= 8n) header.push(Number((length >> shift) & 255n));
  }
  if (!masked) return Buffer.concat([Buffer.from(header), payload]);
  const mask = [0x12, 0x34, 0x56, 0x78];
  const body = Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return Buffer.concat([Buffer.from([...header, ...mask]), body]);
}

/** The payload of a Close frame. */
export function closePayload(code: number, reason: string | Uint8Array = ""): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}

export class RawPeer {
  readonly socket: Socket;
  readonly frames: SeenFrame[] = [];
  /** Bytes received that are no frame yet, or the HTTP answer. */
  rest: Buffer = Buffer.alloc(0);
  head = "";
  isClosed = false;
  #isUpgraded = false;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1" });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.isClosed = true;
    });
    this.socket.on("end", () => this.socket.end());
    this.socket.on("data", (chunk: Buffer) => {
      this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
      this.#read();
    });
  }

  /** Opens a WebSocket; resolves after the 101. */
  static async open(
    port: number,
    changes: Readonly<Record<string, string | undefined>> = {},
    path = "/ws",
  ): Promise<RawPeer> {
    const peer = new RawPeer(port);
    peer.send(handshake(changes, `GET ${path} HTTP/1.1`));
    await until(() => peer.#isUpgraded || peer.isClosed, "the handshake's answer");
    if (!peer.#isUpgraded) throw new Error(`not upgraded: ${peer.rest.toString()}`);
    return peer;
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  text(payload: string): void {
    this.send(frame({ payload }));
  }

  /** Texts received so far, decompressed where they came compressed. */
  texts(): string[] {
    return this.frames
      .filter(({ opcode }) => opcode === 1)
      .map(({ first, payload }) => {
        if ((first & 0x40) === 0) return payload.toString();
        return inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]), {
          finishFlush: 2,
        }).toString();
      });
  }

  /** The code of the Close frame that was received. */
  closeCode(): number | undefined {
    const close = this.frames.find(({ opcode }) => opcode === 8);
    return close === undefined || close.payload.length < 2
      ? undefined
      : close.payload.readUInt16BE();
  }

  /** Sends a text and waits for the server's echo of it. */
  async echo(text: string): Promise<void> {
    this.text(text);
    await until(() => this.texts().includes(`echo ${text}`), `the echo of ${text}`);
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed, "the end of the connection");
  }

  #read(): void {
    if (!this.#isUpgraded) {
      const end = this.rest.indexOf("\r\n\r\n");
      if (end === -1 || !this.rest.toString("latin1", 0, 12).startsWith("HTTP/1.1 101")) return;
      this.head = this.rest.toString("latin1", 0, end);
      this.rest = this.rest.subarray(end + 4);
      this.#isUpgraded = true;
    }
    for (;;) {
      const seen = readFrame(this.rest);
      if (seen === undefined) return;
      this.frames.push(seen.frame);
      this.rest = this.rest.subarray(seen.size);
    }
  }
}

function readFrame(bytes: Buffer): { frame: SeenFrame; size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  let length = bytes.readUInt8(1);
  let start = 2;
  if (length > 127) throw new Error("a masked frame from the server");
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    start = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    start = 10;
  }
  if (bytes.length < start + length) return undefined;
  const payload = bytes.subarray(start, start + length);
  return { frame: { first, opcode: first & 15, payload }, size: start + length };
}

/** Waits for a condition, not for a time; fails by name after `withinMs`. */
export async function until(
  condition: () => boolean,
  what: string,
  withinMs = 10_000,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

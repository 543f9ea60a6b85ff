/** Engine.IO by hand: frames over a plain WebSocket, and polls by `fetch`. */
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";

const waitMs = 10_000;

/** A WebSocket session whose frames are written and read as they are. */
export class RawSession {
  readonly socket: WebSocket;
  /** Texts and binary frames in order. */
  readonly frames: (string | Buffer)[] = [];
  isClosed = false;
  /** How the handshake was answered instead of an upgrade. */
  refusal: { readonly status: number | undefined; readonly body: string } | undefined;
  /** A peer that is alive answers the library's pings. */
  answersPings = true;

  constructor(url: string, query = "EIO=4&transport=websocket") {
    this.socket = new WebSocket(`${url.replace(/^http/, "ws")}/socket.io/?${query}`);
    this.socket.on("message", (data: Buffer, isBinary) => {
      const frame = isBinary ? data : data.toString();
      if (frame === "2" && this.answersPings) this.socket.send("3");
      else this.frames.push(frame);
    });
    this.socket.on("unexpected-response", (request, response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on("end", () => {
        this.refusal = { status: response.statusCode, body };
        this.isClosed = true;
        request.destroy();
      });
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.isClosed = true;
    });
  }

  static async open(url: string, query?: string): Promise<RawSession> {
    const session = new RawSession(url, query);
    await session.until((frame) => typeof frame === "string" && frame.startsWith("0"));
    return session;
  }

  /** The first frame that is as wanted, also if it came before. @throws Error if it is closed, or none comes. */
  async until(isWanted: (frame: string | Buffer) => boolean): Promise<string | Buffer> {
    const end = Date.now() + waitMs;
    for (;;) {
      const found = this.frames.find(isWanted);
      if (found !== undefined) return found;
      if (this.isClosed || Date.now() > end) {
        const last = JSON.stringify(this.frames.slice(-5));
        throw new Error(`not among ${this.frames.length}, last ${last}, closed: ${this.isClosed}`);
      }
      await sleep(5);
    }
  }

  starting(start: string): Promise<string> {
    return this.until(
      (frame) => typeof frame === "string" && frame.startsWith(start),
    ) as Promise<string>;
  }

  async closed(withinMs = waitMs): Promise<boolean> {
    const end = Date.now() + withinMs;
    while (!this.isClosed && Date.now() < end) await sleep(5);
    return this.isClosed;
  }
}

/** One request of the polling transport. */
export function poll(
  url: string,
  query: string,
  init: RequestInit & { readonly duplex?: "half" } = {},
): Promise<Response> {
  return fetch(`${url}/socket.io/?${query}`, init);
}

/** A polling session's id. */
export async function openPolling(url: string): Promise<string> {
  const text = await (await poll(url, "EIO=4&transport=polling")).text();
  const { sid } = JSON.parse(text.slice(text.indexOf("{"))) as { readonly sid: string };
  return sid;
}

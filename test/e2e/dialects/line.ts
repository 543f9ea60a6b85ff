/** A plain WebSocket that keeps the frames that it got, and can be cut without a word. */
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";

/** A frame as loosely as the wire gives it. */
export type Frame = Readonly<Record<string, unknown>>;

/** The machine may be busy; waits are for conditions. */
export const patienceMs = 40_000;

/** Waits until something is so, and gives what was found. @throws Error if it never is. */
export async function until<T>(
  find: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
): Promise<T> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(10);
  }
}

export class Line {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  closedWith: number | undefined;

  private constructor(socket: WebSocket, onFrame: (frame: Frame) => void) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame;
      this.frames.push(frame);
      onFrame(frame);
    });
    socket.on("error", () => {});
    socket.on("close", (code) => {
      this.closedWith = code;
    });
  }

  /** @param url Of HTTP or WebSocket. @param onFrame Called with each frame as it comes. */
  static async open(url: string, onFrame: (frame: Frame) => void = () => {}): Promise<Line> {
    const socket = new WebSocket(url.replace(/^http/, "ws"));
    const line = new Line(socket, onFrame);
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return line;
  }

  send(frame: unknown): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The first frame with these members, whenever it comes. @throws Error if none comes, or an error does. */
  async until(members: Frame): Promise<Frame> {
    return until(
      () => {
        const found = this.frames.find((frame) =>
          Object.entries(members).every(([name, value]) => frame[name] === value),
        );
        if (found !== undefined) return found;
        if (this.closedWith !== undefined) throw new Error(`closed with ${this.closedWith}`);
        return undefined;
      },
      `${JSON.stringify(members)}; there was ${JSON.stringify(this.frames.slice(-5))}`,
    );
  }

  /** The line breaks: no closing handshake. */
  cut(): void {
    this.socket.terminate();
  }
}

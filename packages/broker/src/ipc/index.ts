/** The broker between nodes of one machine, without a service: one process runs the hub, each node connects to it. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Subject } from "@parlance/core";
import { createLineBroker, type LineBroker } from "../line/broker.ts";
import { installKey } from "../line/install-key.ts";
import type { BrokerOptions, Ear, Line } from "../line/line.ts";
import { FrameReader, type Kind, kinds, maxMessageBytes, writeFrame } from "./frames.ts";

export { createIpcHub, type IpcHub } from "./hub.ts";

/** As `BrokerOptions`, with the hub's socket instead of a URL. */
export interface IpcBrokerOptions extends Omit<BrokerOptions, "url"> {
  readonly path: string;
}

/**
 * Makes a broker that reaches the others by the hub at `path`.
 *
 * @returns once connected, at the latest after two seconds. It comes back by itself when the hub does.
 */
export function createIpcBroker(options: IpcBrokerOptions): Promise<LineBroker> {
  const prefix = `${installKey(options.installId)}:`;
  return createLineBroker<string>({
    ...options,
    name: "ipc",
    addresses: [options.path],
    async dial(path, ear, signal) {
      const socket = connect(path);
      signal.addEventListener("abort", () => socket.destroy(), { once: true });
      await once(socket, "connect");
      return new IpcLine(socket, prefix, ear);
    },
  });
}

class IpcLine implements Line {
  readonly maxBytes: number = maxMessageBytes;
  readonly #socket: Socket;
  readonly #prefix: string;
  readonly #waiting = new Map<string, () => void>();

  constructor(socket: Socket, prefix: string, ear: Ear) {
    this.#socket = socket;
    this.#prefix = prefix;
    const reader = new FrameReader();
    socket.on("error", (error) => ear.lost(error));
    socket.on("close", () => ear.lost(new Error("closed")));
    socket.on("data", (chunk) => {
      try {
        for (const { kind, subject, bytes } of reader.read(chunk)) {
          if (kind === kinds.message) ear.message(subject.slice(prefix.length) as Subject, bytes);
          else this.#waiting.get(`${kind} ${subject}`)?.();
        }
      } catch (error) {
        ear.lost(error);
      }
    });
  }

  isBlocked(): boolean {
    return false;
  }

  send(subject: Subject, bytes: Buffer): void {
    this.#socket.write(writeFrame(kinds.message, this.#prefix + subject, bytes));
  }

  listen(subject: Subject): Promise<void> {
    return this.#ask(kinds.listen, this.#prefix + subject);
  }

  unlisten(subject: Subject): Promise<void> {
    this.#socket.write(writeFrame(kinds.unlisten, this.#prefix + subject));
    return Promise.resolve();
  }

  ping(): Promise<void> {
    return this.#ask(kinds.ping, "");
  }

  async close(): Promise<void> {
    this.#socket.end();
    await once(this.#socket, "close");
  }

  #ask(kind: Kind, subject: string): Promise<void> {
    const key = `${kind} ${subject}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(key, resolve);
    this.#socket.write(writeFrame(kind, subject));
    return promise.finally(() => this.#waiting.delete(key));
  }
}

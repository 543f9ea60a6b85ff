/**
 * Asks a client whether everything arrived that was written so far: by a WebSocket ping, which its browser answers, or
 * by its next poll, which says that the answer to the one before came in.
 */
import type { Clock, Timer } from "@parlance/core";
import type { EngineConnection, EngineTransport } from "./engine.ts";
import type { Moment, Unconfirmed } from "./unconfirmed.ts";

/** Between two questions. They cost a ping, and a row for each room that moved. */
const probeMs = 10_000;
const open = 1;

export class Arrivals {
  readonly #conn: EngineConnection;
  readonly #clock: Clock;
  readonly #unconfirmed: Unconfirmed;
  readonly #confirmed: (mark: number) => void;
  /** The question under way, and what it is about. */
  #mark: { readonly mark: number; readonly moment: Moment; isPolled: boolean } | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #heard: EngineTransport | undefined;

  constructor(
    conn: EngineConnection,
    clock: Clock,
    unconfirmed: Unconfirmed,
    confirmed: (mark: number) => void,
  ) {
    this.#conn = conn;
    this.#clock = clock;
    this.#unconfirmed = unconfirmed;
    this.#confirmed = confirmed;
    conn.on("upgrade", this.#upgraded);
    this.#hear(conn.transport);
  }

  /** Asks about everything written so far; at most once in a while. */
  ask(mark: number): void {
    this.#mark = { mark, moment: this.#unconfirmed.now(), isPolled: false };
    const waitMs = this.#askedAt + probeMs - this.#clock.monotonic();
    if (waitMs <= 0) this.#askNow();
    else this.#timer ??= this.#clock.after(waitMs, this.#askNow);
  }

  close(): void {
    this.#timer?.cancel();
    this.#mark = undefined;
    this.#conn.off("upgrade", this.#upgraded);
    this.#unhear();
  }

  readonly #askNow = (): void => {
    this.#timer = undefined;
    if (this.#mark === undefined) return;
    this.#askedAt = this.#clock.monotonic();
    const { transport, upgrading, writeBuffer } = this.#conn;
    if (transport.name !== "websocket") this.#mark.isPolled = writeBuffer.length === 0;
    else if (!upgrading && transport.socket?.readyState === open) {
      const payload = Buffer.alloc(4);
      payload.writeUInt32BE(this.#mark.mark >>> 0);
      transport.socket.ping(payload);
    }
  };

  readonly #ponged = (payload: Buffer): void => {
    if (payload.length === 4) this.#arrived(payload.readUInt32BE(0));
  };

  readonly #polled = (): void => {
    if (this.#mark === undefined || this.#conn.transport.name !== "polling") return;
    if (this.#mark.isPolled) this.#arrived(this.#mark.mark);
    // What waited goes out with the answer to this poll, and the next one confirms it.
    else if (this.#timer === undefined) this.#mark.isPolled = true;
  };

  #arrived(mark: number): void {
    if (this.#mark?.mark !== mark) return;
    this.#unconfirmed.confirmed(this.#mark.moment);
    this.#mark = undefined;
    this.#confirmed(mark);
  }

  readonly #upgraded = (transport: EngineTransport): void => {
    this.#hear(transport);
    // The polls are over: the last answer will not be confirmed by another.
    if (this.#mark !== undefined && this.#timer === undefined) this.#askNow();
  };

  #hear(transport: EngineTransport): void {
    this.#unhear();
    this.#heard = transport;
    // Before the library writes the next answer.
    transport.prependListener("ready", this.#polled);
    transport.socket?.on("pong", this.#ponged);
  }

  #unhear(): void {
    this.#heard?.off("ready", this.#polled);
    this.#heard?.socket?.off("pong", this.#ponged);
    this.#heard = undefined;
  }
}

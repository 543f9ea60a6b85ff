/**
 * The sending half of one Socket.IO connection. Finished frames pass by the library where they may: its transport is
 * a WebSocket, it has nothing of its own to write, no upgrade runs. Else the library sends, so the order is one.
 */
import type { Bytes, Clock, Inlet, Link } from "@parlance/core";
import { type ErrorCode, errors, ProtocolError } from "@parlance/protocol";
import { Arrivals } from "./arrivals.ts";
import { encodeError } from "./encode.ts";
import type { EngineConnection } from "./engine.ts";
import { textsOf } from "./frames.ts";
import type { Line } from "./line.ts";
import { withoutEngineType } from "./packet.ts";
import { Unconfirmed } from "./unconfirmed.ts";

/** From here on a close code says: do not come back. */
const stayAway = 4_500;

/** What a link is made of. */
export interface LinkParts {
  readonly conn: EngineConnection;
  readonly line: Line;
  readonly clock: Clock;
  readonly frame: (text: string) => Bytes;
  /** Ends all that the client has here in Socket.IO's own words, which say to stay away. */
  readonly dismiss: () => void;
}

export class SocketLink implements Link {
  readonly unconfirmed: Unconfirmed = new Unconfirmed();
  readonly #parts: LinkParts;
  readonly #arrivals: Arrivals;
  #inlet: Inlet | undefined;
  #isClosed = false;
  /** Written before the client knows that it is connected; undefined from then on. */
  #held: Bytes[] | undefined = [];
  #heldBytes = 0;
  #heldProbe: number | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    const { clock, conn, line } = parts;
    this.#arrivals = new Arrivals(conn, clock, this.unconfirmed, (mark) => {
      this.#inlet?.confirmed(mark);
    });
    line.onDrained = () => this.#inlet?.drained();
    conn.on("packet", this.#heard);
  }

  /** Any packet of the client, answers to pings among them. */
  readonly #heard = (): void => this.#inlet?.heard();

  /** Who is told of what happens here. To be set in the turn in which the link was made. */
  set inlet(inlet: Inlet) {
    this.#inlet = inlet;
  }

  /** The client knows that it is connected: what was held goes out. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldBytes = 0;
    for (const chunk of held) this.write(chunk);
    if (this.#heldProbe !== undefined) this.probe(this.#heldProbe);
  }

  /** Forgets what was held: the connection begins anew. */
  dropHeld(): void {
    if (this.#held !== undefined) this.#held = [];
    this.#heldBytes = 0;
    this.#heldProbe = undefined;
    this.#inlet?.drained();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get unsentBytes(): number {
    return this.#heldBytes + this.#parts.line.unsentBytes;
  }

  write(chunk: Bytes): void {
    if (this.#isClosed) return;
    if (this.#held !== undefined) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      return;
    }
    this.unconfirmed.add(chunk);
    this.#send(chunk);
  }

  #send(chunk: Bytes): void {
    const { conn, line } = this.#parts;
    if (line.writeDirectly(chunk)) return;
    for (const text of textsOf(chunk)) conn.write(withoutEngineType(text), { compress: false });
  }

  probe(mark: number): void {
    if (this.#isClosed) return;
    if (this.#held === undefined) this.#arrivals.ask(mark);
    else this.#heldProbe = mark;
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    const { conn, dismiss, frame, line } = this.#parts;
    const error = Object.hasOwn(errors, reason)
      ? new ProtocolError(reason as ErrorCode)
      : undefined;
    /* Security: what waits in the library was meant for somebody who may be nobody any more. */
    const isTakenBack = line.isQueued && error?.toWire().retry === "after_auth";
    if (error !== undefined && this.#held === undefined && !isTakenBack) {
      this.#send(frame(encodeError(error)));
    }
    this.ended();
    if (code >= stayAway) dismiss();
    else conn.close(isTakenBack);
  }

  terminate(): void {
    this.ended();
    const { conn } = this.#parts;
    const { socket } = conn.transport;
    if (socket === undefined) conn.close(true);
    else socket.terminate();
  }

  /** The client is gone. */
  ended(): void {
    this.#isClosed = true;
    this.#held = undefined;
    this.#heldBytes = 0;
    this.#parts.line.onDrained = undefined;
    this.#arrivals.close();
    this.#parts.conn.off("packet", this.#heard);
  }
}

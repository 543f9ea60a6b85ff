/**
 * Keeps the order of one connection's appends where rights change meanwhile. Those that are on their way under an
 * older revision may be refused as stale and asked again; they go first, in their own order.
 */
import type { RoomId } from "@parlance/protocol";

/** Appends of one room on their way, all under one revision. */
interface InFlight {
  readonly revision: number;
  /** One for each, oldest first. */
  readonly tickets: number[];
  lastTicket: number;
  /** Those that wait until all are answered. */
  readonly waiting: (() => void)[];
  /** Those that wait until the ones before them are answered. */
  readonly turns: Map<number, () => void>;
}

export class AppendOrder {
  /* Most connections never write, or not now. */
  #inFlight: Map<RoomId, InFlight> | undefined;

  /**
   * To be awaited before an append under a newer revision while others under an older one are on their way.
   * Undefined: go on.
   */
  older(room: RoomId, revision: number): Promise<void> | undefined {
    const inFlight = this.#inFlight?.get(room);
    if (inFlight === undefined || inFlight.revision === revision) return undefined;
    return new Promise((resolve) => inFlight.waiting.push(resolve));
  }

  /** @returns a ticket, which tells its place among the room's appends on their way. */
  began(room: RoomId, revision: number): number {
    this.#inFlight ??= new Map();
    let inFlight = this.#inFlight.get(room);
    if (inFlight === undefined) {
      inFlight = { revision, tickets: [], lastTicket: 0, waiting: [], turns: new Map() };
      this.#inFlight.set(room, inFlight);
    }
    inFlight.lastTicket += 1;
    inFlight.tickets.push(inFlight.lastTicket);
    return inFlight.lastTicket;
  }

  /** To be awaited before an append that was refused as stale is asked again. */
  turn(room: RoomId, ticket: number): Promise<void> | undefined {
    const inFlight = this.#inFlight?.get(room);
    if (inFlight === undefined || inFlight.tickets[0] === ticket) return undefined;
    return new Promise((resolve) => inFlight.turns.set(ticket, resolve));
  }

  /** It was answered, whatever the answer. */
  ended(room: RoomId, ticket: number): void {
    const inFlight = this.#inFlight?.get(room);
    if (inFlight === undefined) return;
    const { tickets, turns, waiting } = inFlight;
    tickets.splice(tickets.indexOf(ticket), 1);
    const first = tickets[0];
    if (first !== undefined) {
      turns.get(first)?.();
      return;
    }
    this.#inFlight?.delete(room);
    if (this.#inFlight?.size === 0) this.#inFlight = undefined;
    for (const resolve of waiting) resolve();
  }
}

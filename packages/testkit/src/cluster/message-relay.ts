/** Faults of single messages on the way from a broker to one node: on a line of a node, behind its proxy. */
import type { Random } from "../simulation/random.ts";
import type { Inspector } from "../tcp-proxy.ts";
import { type Splitter, splitters, type Unit } from "./broker-units.ts";

/** The share of messages that each happens to, 0 to 1. */
export interface MessageFaults {
  lost: number;
  /** Arrives three times. */
  repeated: number;
  /** Arrives behind what comes in the next 20 to 150 ms. */
  late: number;
  garbled: number;
}

const lateMs = { from: 20, to: 150 };

export class MessageRelay {
  readonly faults: MessageFaults = { lost: 0, repeated: 0, late: 0, garbled: 0 };
  /** What was done so far. */
  readonly counts = { passed: 0, lost: 0, repeated: 0, late: 0, garbled: 0 };
  readonly #makeSplitter: () => Splitter;
  readonly #random: Random;

  constructor(broker: "redis" | "rabbitmq" | "nats", random: Random) {
    this.#makeSplitter = splitters[broker];
    this.#random = random;
  }

  /** For a `TcpProxy` between a node and the broker, before the node connects. */
  get inspector(): Inspector {
    return () => {
      const split = this.#makeSplitter();
      return {
        toClient: (bytes, send) => {
          for (const unit of split(bytes)) this.#pass(unit, send);
        },
      };
    };
  }

  /** No more faults. What is late still arrives. */
  heal(): void {
    Object.assign(this.faults, { lost: 0, repeated: 0, late: 0, garbled: 0 });
  }

  #pass(unit: Unit, send: (bytes: Buffer) => void): void {
    const { faults, counts } = this;
    const random = this.#random;
    if (unit.message === undefined) {
      send(unit.bytes);
      return;
    }
    if (random.chance(faults.lost)) {
      counts.lost += 1;
      return;
    }
    if (random.chance(faults.late)) {
      counts.late += 1;
      setTimeout(() => send(unit.bytes), random.between(lateMs.from, lateMs.to));
      return;
    }
    if (random.chance(faults.garbled)) {
      counts.garbled += 1;
      send(garbled(unit, random));
      return;
    }
    counts.passed += 1;
    send(unit.bytes);
    if (!random.chance(faults.repeated)) return;
    counts.repeated += 1;
    send(unit.bytes);
    send(unit.bytes);
  }
}

/* The protocol stays right, what somebody published does not. */
function garbled({ bytes, message }: Unit, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  const { start, end } = message ?? { start: 0, end: 0 };
  if (end <= start) return copy;
  const times = random.between(1, 8);
  for (let time = 0; time < times; time += 1) {
    copy[random.between(start, end - 1)] = random.between(0, 255);
  }
  return copy;
}

import { AddressCount } from "./addresses.ts";

/** Why somebody is not let in. */
export interface NotAdmitted {
  readonly code: "draining" | "unavailable" | "rate_limited";
  readonly text: string;
  readonly retryAfterSeconds: number;
}

/** Numbers that an operator may set, for all transports together. */
export interface AdmissionLimits {
  /** Connections of this node at a time. */
  readonly maxConnections: number;
  /** Of one IPv4 address or IPv6 /64 at a time. 0: not limited. This machine's own are never limited. */
  readonly maxConnectionsPerAddress: number;
}

/** Counts the connections of all transports of a node, so that one kind cannot take the place of all. */
export class Admission {
  readonly #maxConnections: number;
  readonly #addresses: AddressCount;
  #count = 0;
  #isRefusing = false;

  constructor(limits: AdmissionLimits) {
    this.#maxConnections = limits.maxConnections;
    this.#addresses = new AddressCount(limits.maxConnectionsPerAddress);
  }

  /** Counts one connection more of the address, or says why not. */
  admit(address: string): NotAdmitted | undefined {
    if (this.#isRefusing) {
      return { code: "draining", text: "The server is going away.", retryAfterSeconds: 1 };
    }
    if (this.#count >= this.#maxConnections) {
      return { code: "unavailable", text: "The server is full.", retryAfterSeconds: 10 };
    }
    if (!this.#addresses.take(address)) {
      return { code: "rate_limited", text: "Too many connections.", retryAfterSeconds: 10 };
    }
    this.#count += 1;
    return undefined;
  }

  /** Takes back one `admit` that let somebody in. */
  release(address: string): void {
    this.#count -= 1;
    this.#addresses.release(address);
  }

  /** From now on nobody is let in. */
  refuseNew(): void {
    this.#isRefusing = true;
  }
}

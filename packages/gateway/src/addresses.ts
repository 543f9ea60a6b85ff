import { isLoopback } from "./origin.ts";

/**
 * Counts connections by where they come from, so that one place cannot take them all. This machine's own
 * addresses are not counted: a reverse proxy here would be held responsible for everybody behind it.
 */
export class AddressCount {
  readonly #limit: number;
  readonly #counts: Map<string, number> = new Map();

  /** @param limit Connections of one address at a time. 0: not limited. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts one more, or returns false if the address has its share already. */
  take(address: string): boolean {
    if (!this.#isCounted(address)) return true;
    const key = networkOf(address);
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#limit) return false;
    this.#counts.set(key, count + 1);
    return true;
  }

  /** Takes back one `take` that returned true. */
  release(address: string): void {
    if (!this.#isCounted(address)) return;
    const key = networkOf(address);
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key);
  }

  #isCounted(address: string): boolean {
    return this.#limit > 0 && !isLoopback(address);
  }
}

/** One customer's share of IPv6 is a /64, whose 2^64 addresses count as one; IPv4 counts singly. */
function networkOf(address: string): string {
  if (address.startsWith("::ffff:") && address.includes(".")) return address.slice(7);
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("%", 1)[0]?.split("::", 2) ?? [];
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? 0 : tail.split(":").length;
  while (tail !== undefined && groups.length + after < 8) groups.push("0");
  return groups.slice(0, 4).join(":");
}

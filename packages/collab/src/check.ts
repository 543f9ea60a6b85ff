/** Whether an update fits a document: everything that it stands on is there, or in the update before it. */
import type { Ranges } from "./ranges.ts";
import { scan } from "./scan.ts";

/** What is known of a document: how much of each client, and what of it was deleted. */
export interface Known {
  readonly clocks: ReadonlyMap<number, number>;
  readonly deleted: Ranges;
}

/** What an update is to a document. `known`: it adds nothing. */
export type Fit = "new" | "known" | "missing";

/** @throws Garbled */
export function fit(update: Uint8Array, known: Known): Fit {
  const structs = new Structs();
  let isNew = false;
  const deletes: number[] = [];
  scan(update, {
    struct: (client, clock, length) => structs.add(client, clock, length),
    needs: (client, clock) => void structs.needs.push(structs.count, client, clock),
    deleted: (client, clock, length) => void deletes.push(client, clock, length),
  });
  for (let at = 0; at < structs.count; at += 1) {
    const { client, end } = structs.at(at);
    if (end > (known.clocks.get(client) ?? 0)) isNew = true;
  }
  if (!structs.canBePlaced(known.clocks)) return "missing";
  for (let at = 0; at < deletes.length; at += 3) {
    const [client = 0, clock = 0, length = 0] = deletes.slice(at, at + 3);
    if (clock + length > structs.endOf(client, known.clocks)) return "missing";
    if (!known.deleted.has(client, clock, length)) isNew = true;
  }
  return isNew ? "new" : "known";
}

class Structs {
  /** Place of a struct, and an id that it stands on. */
  readonly needs: number[] = [];
  readonly #clients: number[] = [];
  readonly #clocks: number[] = [];
  readonly #ends: number[] = [];
  /** Places of the first and behind the last struct of a client. */
  readonly #byClient = new Map<number, { readonly first: number; end: number }>();

  get count(): number {
    return this.#clients.length;
  }

  add(client: number, clock: number, length: number): void {
    const place = this.count;
    const own = this.#byClient.get(client);
    if (own === undefined) this.#byClient.set(client, { first: place, end: place + 1 });
    else own.end = place + 1;
    this.#clients.push(client);
    this.#clocks.push(clock);
    this.#ends.push(clock + length);
  }

  at(place: number): { readonly client: number; readonly end: number } {
    return { client: this.#clients[place] ?? 0, end: this.#ends[place] ?? 0 };
  }

  /** Where a client is once everything was placed. */
  endOf(client: number, clocks: ReadonlyMap<number, number>): number {
    const own = this.#byClient.get(client);
    const before = clocks.get(client) ?? 0;
    return own === undefined ? before : Math.max(before, this.#ends[own.end - 1] ?? 0);
  }

  /** Whether there is an order in which each struct finds what it stands on. */
  canBePlaced(clocks: ReadonlyMap<number, number>): boolean {
    const { count } = this;
    const waits = new Uint32Array(count);
    /** Of each struct the first of those that wait for it, and of each waiting the next one. */
    const heads = new Int32Array(count).fill(-1);
    const nexts: number[] = [];
    const waiting: number[] = [];
    const wait = (place: number, onto: number): void => {
      waits[place] = (waits[place] ?? 0) + 1;
      nexts.push(heads[onto] ?? -1);
      waiting.push(place);
      heads[onto] = nexts.length - 1;
    };
    for (const { first, end } of this.#byClient.values()) {
      for (let place = first; place < end; place += 1) {
        const clock = this.#clocks[place] ?? 0;
        if (clock <= (clocks.get(this.#clients[place] ?? 0) ?? 0)) continue;
        if (place === first || this.#ends[place - 1] !== clock) return false;
        wait(place, place - 1);
      }
    }
    for (let at = 0; at < this.needs.length; at += 3) {
      const client = this.needs[at + 1] ?? 0;
      const clock = this.needs[at + 2] ?? 0;
      if (clock < (clocks.get(client) ?? 0)) continue;
      const onto = this.#placeOf(client, clock);
      if (onto === undefined) return false;
      wait(this.needs[at] ?? 0, onto);
    }
    const ready: number[] = [];
    for (let place = 0; place < count; place += 1) if (waits[place] === 0) ready.push(place);
    let placed = 0;
    for (let place = ready.pop(); place !== undefined; place = ready.pop()) {
      placed += 1;
      for (let at = heads[place] ?? -1; at !== -1; at = nexts[at] ?? -1) {
        const next = waiting[at] ?? 0;
        waits[next] = (waits[next] ?? 0) - 1;
        if (waits[next] === 0) ready.push(next);
      }
    }
    return placed === count;
  }

  #placeOf(client: number, clock: number): number | undefined {
    const own = this.#byClient.get(client);
    if (own === undefined) return undefined;
    let low = own.first;
    let high = own.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] ?? 0) <= clock) low = middle + 1;
      else high = middle;
    }
    return low < own.end && (this.#clocks[low] ?? 0) <= clock ? low : undefined;
  }
}

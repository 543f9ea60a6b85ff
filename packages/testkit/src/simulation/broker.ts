import type { Broker, Notice, Subject } from "@parlance/core";
import type { SimHost } from "./host.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** How badly notices travel. */
export interface BrokerFaults {
  loseRate: number;
  doubleRate: number;
  /** Longest time on the way, in milliseconds; what overtakes what is chance. */
  maxDelayMs: number;
}

type Listener = (notice: Notice) => void;

interface Attached {
  readonly host: SimHost;
  readonly listeners: Map<Subject, Set<Listener>>;
  interrupted: () => void;
  /** Nothing passes, and nobody is told. */
  isCut: boolean;
}

/** A broker that loses, doubles, delays and reorders, and that goes deaf for a while without a word. */
export class LossyBroker {
  readonly faults: BrokerFaults = { loseRate: 0, doubleRate: 0, maxDelayMs: 5 };
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #nodes = new Set<Attached>();

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** Cuts one node off, or connects it again; a loud end is told, a silent one is not. */
  cut(host: SimHost, isCut: boolean, isLoud: boolean): void {
    for (const node of this.#nodes) {
      if (node.host !== host) continue;
      node.isCut = isCut;
      if (!isCut && isLoud) this.#scheduler.after(1, "broker back", node.interrupted, host);
    }
  }

  /** The broker as one node sees it. */
  attach(host: SimHost): Broker {
    const own: Attached = { host, listeners: new Map(), interrupted: () => {}, isCut: false };
    this.#nodes.add(own);
    return {
      publish: (subject, notice) => this.#publish(own, subject, notice),
      subscribe: (subject, listener) => {
        const listeners = own.listeners.get(subject) ?? new Set();
        own.listeners.set(subject, listeners.add(listener));
        return new Promise((resolve) => {
          const done = (): void => resolve(() => listeners.delete(listener));
          this.#scheduler.after(this.#random.between(0, 3), "subscribed", done, host);
        });
      },
      onInterruption: (listener) => {
        own.interrupted = listener;
      },
      carries: true,
      isConnected: () => !own.isCut,
      close: async () => void this.#nodes.delete(own),
    } satisfies Broker;
  }

  #publish(from: Attached, subject: Subject, notice: Notice): void {
    for (const node of this.#nodes) {
      if (node === from || node.host.isDead) continue;
      const copies = this.#random.chance(this.faults.doubleRate) ? 3 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        if (from.isCut || node.isCut || this.#random.chance(this.faults.loseRate)) continue;
        this.#scheduler.after(
          this.#random.between(1, this.faults.maxDelayMs),
          `notice ${notice.type}`,
          () => {
            for (const listener of node.listeners.get(subject) ?? []) listener(notice);
          },
          node.host,
        );
      }
    }
  }
}

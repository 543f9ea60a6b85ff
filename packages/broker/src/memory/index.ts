/**
 * The broker of nodes in one process: a hub that hands notices over as they are. A server with one node uses a
 * hub of its own, where there is nobody to tell, so announcing costs next to nothing.
 */
import type { Broker, Notice, Subject, Unsubscribe } from "@parlance/core";

type Listener = (notice: Notice) => void;

/** Connects the brokers that were made with it. */
export class MemoryHub {
  readonly #listeners = new Map<Subject, Map<Broker, Set<Listener>>>();

  subscribe(owner: Broker, subject: Subject, listener: Listener): Unsubscribe {
    let owners = this.#listeners.get(subject);
    if (owners === undefined) {
      owners = new Map();
      this.#listeners.set(subject, owners);
    }
    let listeners = owners.get(owner);
    if (listeners === undefined) {
      listeners = new Set();
      owners.set(owner, listeners);
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) owners.delete(owner);
      if (owners.size === 0) this.#listeners.delete(subject);
    };
  }

  /** Gives the notice to every broker but its sender, after the sender's step is over. */
  publish(sender: Broker, subject: Subject, notice: Notice): void {
    const owners = this.#listeners.get(subject);
    if (owners === undefined) return;
    for (const [owner, listeners] of owners) {
      if (owner === sender) continue;
      for (const listener of listeners) {
        queueMicrotask(() => {
          if (listeners.has(listener)) listener(notice);
        });
      }
    }
  }
}

/** @param hub Shared by the nodes that are to hear each other; absent: a node by itself. */
export function createMemoryBroker(hub: MemoryHub = new MemoryHub()): Broker {
  const unsubscribes = new Set<Unsubscribe>();
  const broker = {
    publish: (subject, notice) => hub.publish(broker, subject, notice),
    subscribe: (subject, listener) => {
      const unsubscribe = hub.subscribe(broker, subject, listener);
      unsubscribes.add(unsubscribe);
      return Promise.resolve(() => {
        unsubscribes.delete(unsubscribe);
        unsubscribe();
      });
    },
    carries: true,
    // Nothing between nodes of one process is ever interrupted.
    onInterruption: () => {},
    isConnected: () => true,
    close: () => {
      for (const unsubscribe of unsubscribes) unsubscribe();
      unsubscribes.clear();
      return Promise.resolve();
    },
  } satisfies Broker;
  return broker;
}

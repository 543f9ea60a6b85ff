/** No broker, although there are many nodes: each finds what the others did by comparing its rooms with the log. */
import type { Broker } from "@parlance/core";

/** Carries nothing. What is in the log arrives at the next check of heads; ephemeral events stay on their node. */
export function createNoBroker(): Broker {
  return {
    publish: () => {},
    subscribe: () => Promise.resolve(() => {}),
    onInterruption: () => {},
    carries: false,
    isConnected: () => true,
    close: () => Promise.resolve(),
  } satisfies Broker;
}

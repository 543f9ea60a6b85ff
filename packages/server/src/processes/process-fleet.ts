import type { Fleet, LivingNode } from "@parlance/core";

/** Who lives, as the workers of one machine tell their primary: a store of one process has no table for it. */
export function createProcessFleet(): Fleet {
  const living = new Map<string, { readonly node: LivingNode; at: number; lifeMs: number }>();
  const forgetSilent = (): void => {
    for (const [id, { at, lifeMs }] of living) {
      if (performance.now() - at > lifeMs) living.delete(id);
    }
  };
  return {
    beat: async (facts, lifeMs) => {
      const startedAt = living.get(facts.id)?.node.startedAt ?? Date.now();
      const node = { ...facts, startedAt, heardMs: 0 };
      living.set(facts.id, { node, at: performance.now(), lifeMs });
      // A worker that was killed said nothing.
      forgetSilent();
    },
    leave: async (id) => {
      living.delete(id);
    },
    nodes: async () => {
      forgetSilent();
      return [...living.values()].map(({ node, at }) => ({
        ...node,
        heardMs: Math.round(performance.now() - at),
      }));
    },
  };
}

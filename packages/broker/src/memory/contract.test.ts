import { describeBroker } from "@parlance/testkit/contracts";
import { createMemoryBroker, MemoryHub } from "./index.ts";

describeBroker(
  "memory",
  () => {
    const hubs = new Map<string, MemoryHub>();
    return Promise.resolve({
      open({ installId }) {
        const hub = hubs.get(installId) ?? new MemoryHub();
        hubs.set(installId, hub);
        return Promise.resolve(createMemoryBroker(hub));
      },
      close: () => Promise.resolve(),
    });
  },
  { hasProxy: false, canInject: false },
);

import { describeRateStore } from "@parlance/testkit/contracts";
import { createMemoryRateStore } from "./shares.ts";

describeRateStore("memory", () => {
  const store = createMemoryRateStore(() => performance.now());
  return Promise.resolve({ store, beside: store, close: () => Promise.resolve() });
});

import { describeDirectory, describeRoomLog, type StoreHarness } from "../contracts/index.ts";
import { createMemoryStore } from "./index.ts";

async function start(): Promise<StoreHarness> {
  let state = 1;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return { ...createMemoryStore({ random }), reopen: async () => {}, close: async () => {} };
}

describeRoomLog("memory", start);
describeDirectory("memory", start);

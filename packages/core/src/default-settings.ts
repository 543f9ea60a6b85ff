import { limits } from "@parlance/protocol";
import type { NodeSettings } from "./gate.ts";
import { presetRates } from "./rates/rules.ts";

const commandsPerSecond = 50;
const commandBurst = 200;

/** What suits most installs; every value can be set. */
export const defaultSettings: NodeSettings = {
  guestsAllowed: true,
  namedRooms: new Map(),
  commandsPerSecond,
  commandBurst,
  rates: presetRates(commandsPerSecond, commandBurst),
  outboxBytes: 262_144,
  stallTimeoutMs: 60_000,
  signInTimeoutMs: 10_000,
  pollMs: 5_000,
  controlPollMs: 1_000,
  heartbeatMs: 25_000,
  presenceFlushMs: 250,
  openMessageIdleMs: 300_000,
  documentBytes: limits.documentBytes,
};

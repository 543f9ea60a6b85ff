import { defaultSettings, type NodeSettings, presetRates } from "@parlance/core";
import { guestsAllowed } from "./config/safety.ts";
import type { Config } from "./config/schema.ts";
import { dialectRooms } from "./dialects.ts";

/** The node's numbers, as the operator set them. */
export function nodeSettings(config: Config): NodeSettings {
  return {
    ...defaultSettings,
    guestsAllowed: guestsAllowed(config),
    namedRooms: dialectRooms(config),
    commandsPerSecond: config.commands_per_second,
    commandBurst: config.command_burst,
    rates:
      config.rate_limits === "auto"
        ? presetRates(config.commands_per_second, config.command_burst)
        : config.rate_limits,
    outboxBytes: config.outbox_bytes,
    stallTimeoutMs: config.stall_timeout_ms,
    openMessageIdleMs: config.open_message_idle_ms,
    documentBytes: config.document_bytes,
    signInTimeoutMs: config.sign_in_timeout_ms,
    pollMs: config.poll_ms,
    heartbeatMs: config.heartbeat_ms,
  };
}

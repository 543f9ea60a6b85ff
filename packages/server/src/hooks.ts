import type { NodePorts, Report } from "@parlance/core";
import { createConnectHook } from "@parlance/identity";
import { systemClock } from "./clock.ts";
import type { Config } from "./config/schema.ts";
import type { InstallSecret } from "./secret.ts";

/** The questions that the application answers, if the configuration names where it listens. */
export function hooksOf(
  config: Config,
  report: Report,
  { secret }: InstallSecret,
): Pick<NodePorts, "hooks"> {
  const { connect_hook_url: url, connect_hook_secret: own } = config;
  if (url === undefined) return {};
  return {
    hooks: createConnectHook({
      url,
      secret: own ?? secret,
      timeoutMs: config.connect_hook_timeout_ms,
      fallback: config.connect_hook_fallback,
      clock: systemClock,
      report,
    }),
  };
}

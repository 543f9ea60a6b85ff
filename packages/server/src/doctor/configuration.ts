import { listenEntries } from "../config/listen.ts";
import type { LoadedConfig } from "../config/load.ts";
import { isLoopbackHost, isPublic, unsafeSettings } from "../config/safety.ts";
import { attention, broken, type Finding, fine } from "./finding.ts";

/** What the settings say by themselves: what is refused, what is a slip, what does not fit together. */
export function examineConfiguration({
  config,
  sources,
  unknown,
  warnings,
}: LoadedConfig): Finding[] {
  const about = "configuration";
  const findings: Finding[] = [
    ...unsafeSettings(config).map((line) =>
      broken(about, line, "Change it: in production mode the server does not start like this."),
    ),
    ...unknown.map((name) =>
      attention(
        about,
        `There is no setting ${name}.`,
        "Look for a slip: parlance config lists all.",
      ),
    ),
    ...warnings.map((text) => attention(about, text, "See docs/operations/configuration.md.")),
  ];
  if (config.mode === "development" && isPublic(config)) {
    findings.push(
      attention(
        about,
        "Development mode, and other machines can reach this server.",
        "Set PARLANCE_MODE=production: it refuses what lets strangers in.",
      ),
    );
  }
  const isBehindProxy =
    config.public_url !== undefined &&
    !isLoopbackHost(new URL(config.public_url).hostname) &&
    isLoopbackHost(config.host);
  if (isBehindProxy && config.trusted_proxies.length === 0) {
    findings.push(
      attention(
        about,
        "A proxy stands in front, and no proxy's X-Forwarded-For is believed: all clients seem to come from it, and share " +
          "the limits of one address.",
        "Set PARLANCE_TRUSTED_PROXIES to the proxy's address, such as 127.0.0.1.",
      ),
    );
  }
  const ports = listenEntries(config, sources).map(({ dialect, port }) => `${dialect} ${port}`);
  if (findings.length > 0) return findings;
  const also = ports.length === 0 ? "" : `; also ${ports.join(", ")}`;
  return [fine(about, `${config.mode} mode, port ${config.port}${also}.`)];
}

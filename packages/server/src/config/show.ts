/** Values as they are shown, in the form in which they could be given. */

import { shownText } from "./layers.ts";
import { showEntry } from "./listen.ts";
import type { Config, Setting } from "./types.ts";

/** @returns text; undefined where the setting has no value. Secrets are told to be there and nothing else. */
export function shownValue(
  config: Config,
  { name, isSecret }: Pick<Setting, "name" | "isSecret">,
): string | undefined {
  const value = config[name];
  if (isSecret) {
    const isGiven = Array.isArray(value) ? value.length > 0 : value !== undefined;
    return isGiven ? "(hidden)" : undefined;
  }
  switch (name) {
    case "listen":
      return config.listen === "auto" ? "auto" : (listed(config.listen.map(showEntry)) ?? "none");
    case "trusted_network":
      return config.trusted_network === "auto"
        ? "auto"
        : (listed(config.trusted_network) ?? "none");
    case "origins":
      return listed(config.null_origin ? [...config.origins, "null"] : config.origins);
    default:
      if (value === undefined) return undefined;
      if (Array.isArray(value)) return listed(value.map(String));
      if (typeof value === "boolean") return value ? "yes" : "no";
      return shownText(value);
  }
}

function listed(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : items.join(",");
}

/** What plug-ins add to the server's surface, read off their manifests. */
import type { Manifest } from "@parlance/hooks";
import type { ExtensionRoute } from "@parlance/http";

/** Types of their frames of the native dialect. */
export function frameTypes(plugins: readonly Manifest[]): ReadonlySet<string> {
  return new Set(
    plugins.flatMap(({ name, commands }) => commands.map((command) => `${name}.${command.name}`)),
  );
}

/** Their routes of the REST API. */
export function extensionsOf(plugins: readonly Manifest[]): readonly ExtensionRoute[] {
  return plugins.flatMap(({ name: plugin, commands }) =>
    commands.map(({ name: command, ...rest }) => ({ plugin, command, ...rest })),
  );
}

/** What programs and libraries need to run at all, and where no operator keeps a secret. */
const harmless = [
  "LANG",
  "LC_ALL",
  "NODE_ENV",
  "NODE_EXTRA_CA_CERTS",
  "NODE_OPTIONS",
  "PATH",
  "TZ",
] as const;

/**
 * What plug-ins get of the server's environment.
 *
 * @param named What the operator wants them to have, besides.
 */
export function environmentOfPlugins(
  all: Readonly<Record<string, string | undefined>>,
  named: readonly string[],
): Readonly<Record<string, string>> {
  const given = [...harmless, ...named].map((name) => [name, all[name]] as const);
  return Object.fromEntries(
    given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

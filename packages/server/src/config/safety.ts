/**
 * What production mode refuses. Each of these lets strangers in, silently, on an install that looks fine: a
 * secret that is in a tutorial signs tokens for anybody, links made from a request's `Host` lead elsewhere, and a
 * trusted network that is the Internet lets everybody be anybody.
 */
import { isIP } from "node:net";
import { type Config, type DialectName, jsonDialectNames } from "./types.ts";

/** In UTF-16 code units: 128 bits even if the secret is hexadecimal. */
const minSecretLength = 32;
const minDistinctCharacters = 10;

/** What decides who can reach the server. */
export type Reach = Pick<Config, "host" | "public_url" | "listen" | "mmb_public_url">;

/** @returns one line for each thing to change; empty if the server may start. */
export function unsafeSettings(config: Config): readonly string[] {
  if (config.mode !== "production") return [];
  const lines: string[] = [];
  const secretTrouble = weaknessOf(config.secret);
  if (secretTrouble !== undefined) {
    const name =
      config.secret === undefined ? "PARLANCE_SECRET" : "PARLANCE_SECRET (or APP_SECRET)";
    lines.push(`${name} ${secretTrouble}. Make one with: openssl rand -base64 48`);
  }
  for (const hook of ["connect", "join", "publish", "rpc"] as const) {
    const hookSecret = config[`${hook}_hook_secret`];
    const trouble = hookSecret === undefined ? undefined : weaknessOf(hookSecret);
    if (trouble === undefined) continue;
    const name = `PARLANCE_${hook.toUpperCase()}_HOOK_SECRET`;
    lines.push(`${name} ${trouble}. Make one with: openssl rand -base64 48`);
  }
  if (isPublic(config) && config.public_url === undefined) {
    lines.push(
      "PARLANCE_PUBLIC_URL is not set, and this address can be reached by others. Set it to the address that " +
        "people open, such as https://chat.example",
    );
  }
  if (isPublic(config) && trustedDialects(config).size > 0) {
    lines.push(
      `PARLANCE_TRUSTED_NETWORK is ${[...trustedDialects(config)].join(",")}, and this address can be reached by ` +
        "others: anybody could be anybody. Set it to none, and let tokens or PARLANCE_CONNECT_HOOK_URL say who is who",
    );
  }
  return lines;
}

/** Whether guests may come in: in production only if told so in so many words. */
export function guestsAllowed(config: Pick<Config, "guests" | "mode">): boolean {
  if (config.guests === "auto") return config.mode === "development";
  return config.guests === "open";
}

/**
 * The dialects that take the id in a connection's first frame for who it is, where neither a token nor the
 * connect hook said it. By itself that is so in development mode on a server that this machine alone can reach.
 */
export function trustedDialects(
  config: Reach & Pick<Config, "mode" | "trusted_network">,
): ReadonlySet<DialectName> {
  if (config.trusted_network !== "auto") return new Set(config.trusted_network);
  return new Set(config.mode === "development" && !isPublic(config) ? jsonDialectNames : []);
}

/**
 * Whether the four JSON dialects take pages opened from disk, whose Origin is `null`: if listed, and in development
 * mode on a server that this machine alone can reach.
 */
export function nullOriginAllowed(config: Reach & Pick<Config, "mode" | "null_origin">): boolean {
  return config.null_origin || (config.mode === "development" && !isPublic(config));
}

/**
 * Whether other machines can reach the server, by an address that it listens on or by what stands in front of it.
 * The automatic endpoints are on the main host.
 */
export function isPublic({ host, listen, public_url, mmb_public_url }: Reach): boolean {
  for (const url of [public_url, mmb_public_url]) {
    if (url !== undefined && !isLoopbackHost(new URL(url).hostname)) return true;
  }
  const entries = listen === "auto" ? [] : listen;
  return [host, ...entries.map((entry) => entry.host ?? host)].some(
    (each) => !isLoopbackHost(each),
  );
}

/** Whether a host name or address means this machine only. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (bare === "localhost" || bare.endsWith(".localhost") || bare === "::1") return true;
  return isIP(bare) === 4 && bare.startsWith("127.");
}

/** Why a secret is not good enough for production, as the end of a sentence; undefined if it is. */
export function weaknessOf(secret: string | undefined): string | undefined {
  if (secret === undefined) return "is not set";
  if (secret.length < minSecretLength) return `has less than ${minSecretLength} characters`;
  if (new Set(secret).size < minDistinctCharacters) return "repeats itself";
  if (/change.?me|example|secret|password|parlance/i.test(secret)) return "looks like an example";
  return undefined;
}

/**
 * What production mode refuses. Each of these lets strangers in, silently, on an install that looks fine: a
 * secret that is in a tutorial signs tokens for anybody, and links made from a request's `Host` lead elsewhere.
 */
import { isIP } from "node:net";
import type { Config } from "./schema.ts";

/** In UTF-16 code units: 128 bits even if the secret is hexadecimal. */
const minSecretLength = 32;
const minDistinctCharacters = 10;

/** @returns one line for each thing to change; empty if the server may start. */
export function unsafeSettings(config: Config): readonly string[] {
  if (config.mode !== "production") return [];
  const lines: string[] = [];
  const secretTrouble = weaknessOf(config.secret);
  if (secretTrouble !== undefined) {
    lines.push(`PARLANCE_SECRET ${secretTrouble}. Make one with: openssl rand -base64 48`);
  }
  if (isPublic(config) && config.public_url === undefined) {
    lines.push(
      "PARLANCE_PUBLIC_URL is not set, and this address can be reached by others. Set it to the address that " +
        "people open, such as https://chat.example",
    );
  }
  return lines;
}

/** Whether guests may come in: in production only if told so in so many words. */
export function guestsAllowed(config: Config): boolean {
  if (config.guests === "auto") return config.mode === "development";
  return config.guests === "open";
}

/** Whether other machines can reach the server, by its own address or by what stands in front of it. */
export function isPublic(config: Pick<Config, "host" | "public_url">): boolean {
  if (config.public_url !== undefined && !isLoopbackHost(new URL(config.public_url).hostname)) {
    return true;
  }
  return !isLoopbackHost(config.host);
}

/** Whether a host name or address means this machine only. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (bare === "localhost" || bare.endsWith(".localhost") || bare === "::1") return true;
  return isIP(bare) === 4 && bare.startsWith("127.");
}

function weaknessOf(secret: string | undefined): string | undefined {
  if (secret === undefined) return "is not set";
  if (secret.length < minSecretLength) return `has less than ${minSecretLength} characters`;
  if (new Set(secret).size < minDistinctCharacters) return "repeats itself";
  if (/change.?me|example|secret|password|parlance/i.test(secret)) return "looks like an example";
  return undefined;
}

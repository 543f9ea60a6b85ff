/** An issuer's public keys, which change under us: read when needed, kept for a while, read again for a new key. */
import { readFile } from "node:fs/promises";
import type { Clock } from "@parlance/core";
import { createLocalJWKSet, type JWTVerifyGetKey, errors as jose } from "jose";

/** After so long the document is read again, so that a key that was taken out is refused at last. */
const maxAgeMs = 600_000;
/** For an unknown `kid`: strangers choose it, and must not make us read at every token. */
const cooldownMs = 30_000;
/** After a document that could not be had. */
const retryMs = 1_000;
const fetchTimeoutMs = 5_000;

/** The keys at an address. @throws Error (from the returned function) if they cannot be had. */
export function fetchedKeys(url: string, clock: Clock): JWTVerifyGetKey {
  return keySet(clock, async () => {
    const response = await fetch(url, {
      redirect: "manual",
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(fetchTimeoutMs),
    });
    if (response.status !== 200) throw new Error(`the issuer's keys: status ${response.status}`);
    return response.text();
  });
}

/** The keys in a file. @throws the system's error (from the returned function) if it cannot be read. */
export function fileKeys(path: string, clock: Clock): JWTVerifyGetKey {
  return keySet(clock, () => readFile(path, "utf8"));
}

function keySet(clock: Clock, read: () => Promise<string>): JWTVerifyGetKey {
  let current: JWTVerifyGetKey | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let failed: { readonly error: unknown; readonly at: number } | undefined;
  let running: Promise<JWTVerifyGetKey> | undefined;

  const readNow = async (): Promise<JWTVerifyGetKey> => {
    const at = clock.monotonic();
    try {
      current = createLocalJWKSet(JSON.parse(await read()));
      readAt = at;
      failed = undefined;
      return current;
    } catch (error) {
      failed = { error, at };
      throw error;
    }
  };
  const refresh = (): Promise<JWTVerifyGetKey> => {
    if (failed !== undefined && clock.monotonic() - failed.at < retryMs) throw failed.error;
    // Many who come at once wait for one reading.
    running ??= readNow().finally(() => {
      running = undefined;
    });
    return running;
  };
  const age = (): number => clock.monotonic() - readAt;

  return async (header, token) => {
    const keys = current === undefined || age() >= maxAgeMs ? await refresh() : current;
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof jose.JWKSNoMatchingKey) || age() < cooldownMs) throw error;
      return (await refresh())(header, token);
    }
  };
}

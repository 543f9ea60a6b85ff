import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory } from "@parlance/storage/sqlite";
import type { Config } from "./config/schema.ts";

export interface InstallSecret {
  readonly secret: string;
  /** Path of the file, if the secret was made just now. */
  readonly madeAt?: string;
}

/**
 * The secret that signs tokens: the configured one; in development else the one in the data directory, made at
 * the first start, readable by its owner only.
 *
 * @throws the system's error if it cannot be kept; Error in production without a configured one (`unsafeSettings` says it better, earlier).
 */
export async function installSecret(config: Config): Promise<InstallSecret> {
  if (config.secret !== undefined) return { secret: config.secret };
  if (config.mode === "production") throw new Error("PARLANCE_SECRET is not set");
  const path = join(config.data_dir, "secret");
  const kept = readIfThere(path);
  if (kept !== undefined) return { secret: kept };
  await makeDirectory(config.data_dir);
  const secret = randomBytes(36).toString("base64url");
  // `wx`: of two processes that start at once, one makes it and the other reads it.
  try {
    writeFileSync(path, `${secret}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const made = readIfThere(path);
    if (made === undefined) throw error;
    return { secret: made };
  }
  return { secret, madeAt: path };
}

function readIfThere(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8").trim();
    return text === "" ? undefined : text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

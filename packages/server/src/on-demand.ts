/**
 * What takes long to load is loaded when it is asked for, so that a command which only asks a running server something
 * answers at once.
 */
import type { Config } from "./config/schema.ts";
import type { LocalToken } from "./local-token.ts";
import type { Offline } from "./offline.ts";
import type { ParlanceServer, StartOptions } from "./start.ts";

/** As `start.ts` has it. */
export async function startServer(config: Config, options?: StartOptions): Promise<ParlanceServer> {
  const start = await import("./start.ts");
  return start.startServer(config, options);
}

/** As `offline.ts` has it. */
export async function openOffline(config: Config): Promise<Offline> {
  const offline = await import("./offline.ts");
  return offline.openOffline(config);
}

/** As `local-token.ts` has it. */
export async function signLocalToken(config: Config, token: LocalToken): Promise<string> {
  const signing = await import("./local-token.ts");
  return signing.signLocalToken(config, token);
}

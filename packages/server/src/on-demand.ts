/**
 * What takes long to load is loaded when it is asked for, so that a command which only asks a running server something
 * answers at once.
 */
import type { SpoolPart, SpoolPlace } from "@parlance/doors/spool";
import type { BackupContent, Restored } from "@parlance/storage/copy";
import type { BackupRequest, RestoreRequest } from "./backup.ts";
import type { LoadedConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import type { Finding } from "./doctor/finding.ts";
import type { LocalToken } from "./local-token.ts";
import type { Offline } from "./offline.ts";
import type { ProcessesOptions } from "./processes/start-processes.ts";
import type { ParlanceServer, StartOptions } from "./start.ts";

/** As `start-processes.ts` has it. */
export async function startProcesses(
  config: Config,
  options?: ProcessesOptions,
): Promise<ParlanceServer> {
  const start = await import("./processes/start-processes.ts");
  return start.startProcesses(config, options);
}

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

/** As `backup.ts` has it. */
export async function backUp(config: Config, request: BackupRequest): Promise<BackupContent> {
  const backup = await import("./backup.ts");
  return backup.backUp(config, request);
}

/** As `backup.ts` has it. */
export async function restore(config: Config, request: RestoreRequest): Promise<Restored> {
  const backup = await import("./backup.ts");
  return backup.restore(config, request);
}

/** As `backup.ts` has it. */
export async function takeMoveBack(
  config: Config,
  to: string | undefined,
): Promise<string | undefined> {
  const backup = await import("./backup.ts");
  return backup.takeMoveBack(config, to);
}

/** As `local-token.ts` has it. */
export async function signLocalToken(config: Config, token: LocalToken): Promise<string> {
  const signing = await import("./local-token.ts");
  return signing.signLocalToken(config, token);
}

/** As `@parlance/doors/spool` has it. */
export async function inspectSpool(
  directory: string,
  part: SpoolPart,
  limit: number,
): Promise<SpoolPlace> {
  const spool = await import("@parlance/doors/spool");
  return spool.inspectSpool(directory, part, limit);
}

/** As `@parlance/doors/spool` has it. */
export async function retrySpooled(directory: string, name: string): Promise<boolean | "taken"> {
  const spool = await import("@parlance/doors/spool");
  return spool.retrySpooled(directory, name);
}

/** As `@parlance/doors/spool` has it. */
export async function clearRefused(directory: string, before: number): Promise<number> {
  const spool = await import("@parlance/doors/spool");
  return spool.clearRefused(directory, before);
}

/** As `doctor/examine.ts` has it. */
export async function examineInstall(
  loaded: LoadedConfig,
  told: (about: string) => void,
  isPatient = false,
): Promise<readonly Finding[]> {
  const doctor = await import("./doctor/examine.ts");
  return doctor.examineInstall(loaded, told, isPatient);
}

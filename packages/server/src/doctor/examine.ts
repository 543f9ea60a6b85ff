/** Looks at an install from outside its server, whether one runs or not, and changes nothing. */
import { join } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/types.ts";
import { processOf, readRunningFile } from "../running-file.ts";
import { examineBroker, examineLine } from "./broker.ts";
import { examineConfiguration } from "./configuration.ts";
import { examineDatabase } from "./database.ts";
import { broken, type Finding, wordOf } from "./finding.ts";
import { examineDirectory, examineLimits, examineNode, examineProcess } from "./machine.ts";
import { examineOutside } from "./outside.ts";
import { examineSpool } from "./spool.ts";
import { examineStream } from "./stream.ts";

/** Everything, in the order in which it depends on each other. @param told Called before each group. @param isPatient As `examineOutside` has it. */
export async function examineInstall(
  loaded: LoadedConfig,
  told: (about: string) => void,
  isPatient = false,
): Promise<readonly Finding[]> {
  const { config } = loaded;
  const left = readRunningFile(config.data_dir);
  const running = left !== undefined && processOf(left) === "there" ? left : undefined;
  const groups: readonly [string, () => Promise<readonly Finding[]> | readonly Finding[]][] = [
    ["machine", () => [examineNode(), ...examineLimits(config, running)]],
    ["configuration", () => examineConfiguration(loaded)],
    ["directories", () => examineDirectories(config)],
    ["server", () => examineProcess(config, left)],
    ["database", () => examineDatabase(config)],
    ["broker", async () => [await examineBroker(config)]],
    ["doors", () => examineDoors(config)],
    ["spool", () => examineSpool(config, running !== undefined)],
    ["public address", () => examineOutside(config, running?.url, isPatient)],
  ];
  const findings: Finding[] = [];
  for (const [about, examine] of groups) {
    told(about);
    try {
      findings.push(...(await examine()));
    } catch (error) {
      findings.push(
        broken(about, `It could not be looked at: ${wordOf(error)}.`, "Please report this."),
      );
    }
  }
  return findings;
}

async function examineDirectories(config: Config): Promise<Finding[]> {
  const files = config.files_dir ?? join(config.data_dir, "files");
  const isWithin = files.startsWith(`${config.data_dir}/`);
  return [
    ...(await examineDirectory("data directory", config.data_dir)),
    ...(isWithin ? [] : await examineDirectory("files", files)),
  ];
}

async function examineDoors(config: Config): Promise<Finding[]> {
  const { redis_door_url: redis, rabbitmq_door_url: rabbitmq, nats_door_url: nats } = config;
  const urls = new Set([redis, rabbitmq, nats]);
  // One that is the broker's too was looked at.
  urls.delete(config.broker_url);
  const findings: Finding[] = [];
  for (const url of urls) if (url !== undefined) findings.push(await examineLine("door", url));
  return [...findings, ...(await examineStream(config))];
}

import { setTimeout as pause } from "node:timers/promises";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, wholeNumber, withExample } from "../flags.ts";
import { say, sayJson } from "../output.ts";
import { ask } from "../running.ts";

/** Between two questions. */
const retryMs = 500;

export function healthCommand(): Command {
  const command = new Command("health")
    .description("Exit code 0 if the running server is fit to serve, 1 if not.")
    .option("--live", "only whether it answers: a database that is away is not its fault")
    .option("--wait <seconds>", "how long it has to become so, 0-3600", "0")
    .action(health);
  return withExample(
    addInstallFlags(command),
    "parlance health --wait 60",
    "parlance health --live --wait 30 || parlance restart --kill",
  );
}

async function health(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const end = performance.now() + wholeNumber(options, "wait", [0, 3_600], "health") * 1_000;
  const path = options["live"] === true ? "/health" : "/ready";
  let answer = await ask(config, path);
  while (answer?.status !== 200 && performance.now() < end) {
    await pause(retryMs);
    answer = await ask(config, path);
  }
  const status = (answer?.body as { status?: string } | undefined)?.status ?? "unreachable";
  if (options["json"] === true) sayJson(answer?.body ?? { status });
  else say(status);
  process.exitCode = answer?.status === 200 ? 0 : 1;
}

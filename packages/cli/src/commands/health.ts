import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { say, sayJson } from "../output.ts";
import { ask } from "../running.ts";

export function healthCommand(): Command {
  const command = new Command("health")
    .description("Exit code 0 if the running server is fit to serve, 1 if not.")
    .option("--live", "only whether it answers: a database that is away is not its fault")
    .action(health);
  return withExample(
    addInstallFlags(command),
    "parlance health || echo unfit",
    "parlance health --live || parlance restart --kill",
  );
}

async function health(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const answer = await ask(config, options["live"] === true ? "/health" : "/ready");
  const status = (answer?.body as { status?: string } | undefined)?.status ?? "unreachable";
  if (options["json"] === true) sayJson(answer?.body ?? { status });
  else say(status);
  process.exitCode = answer?.status === 200 ? 0 : 1;
}

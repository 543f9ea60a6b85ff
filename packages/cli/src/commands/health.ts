import { Command } from "commander";
import { addInstallFlags, configFrom, type Options } from "../flags.ts";
import { say, sayJson } from "../output.ts";
import { ask } from "../running.ts";

export function healthCommand(): Command {
  return addInstallFlags(
    new Command("health")
      .description("Exit code 0 if the running server is fit to serve, 1 if not.")
      .action(health),
  );
}

async function health(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const ready = await ask(config, "/ready");
  const status = (ready?.body as { status?: string } | undefined)?.status ?? "unreachable";
  if (options["json"] === true) sayJson(ready?.body ?? { status });
  else say(status);
  process.exitCode = ready?.status === 200 ? 0 : 1;
}

import { Command } from "commander";
import { addInstallFlags, configFrom, type Options } from "../flags.ts";
import { CommandFailure, say, sayJson } from "../output.ts";
import { ask, askAsOperator, serverUrl } from "../running.ts";

interface Connections {
  readonly counts: Readonly<Record<string, number>>;
}

export function statusCommand(): Command {
  return addInstallFlags(
    new Command("status").description("What the running server is doing.").action(status),
  );
}

async function status(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const ready = await ask(config, "/ready");
  if (ready === undefined) throw new CommandFailure(`No server answers at ${serverUrl(config)}.`);
  const { status: state, components } = ready.body as {
    status: string;
    components: Readonly<Record<string, string>>;
  };
  const connections = await askAsOperator(config, "GET", "/connections");
  const { counts } = (connections?.body ?? { counts: {} }) as Connections;
  if (options["json"] === true) {
    sayJson({ url: serverUrl(config), status: state, components, counts });
    return;
  }
  say(`${state} at ${serverUrl(config)}`);
  for (const [name, value] of Object.entries({ ...components, ...counts })) {
    say(`  ${name.replaceAll("_", " ")}: ${value}`);
  }
}

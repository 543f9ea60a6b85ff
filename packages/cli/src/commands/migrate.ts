import { Command } from "commander";
import { addInstallFlags, configFrom, type Options } from "../flags.ts";
import { withStore } from "../install.ts";
import { say, sayJson } from "../output.ts";

export function migrateCommand(): Command {
  return addInstallFlags(
    new Command("migrate")
      .description(
        "Bring the database up to date without starting the server, which would do it too.",
      )
      .action(migrate),
  );
}

async function migrate(options: Options): Promise<void> {
  const { config } = configFrom(options);
  await withStore(config, async () => {});
  if (options["json"] === true) sayJson({ up_to_date: true });
  else say(`The database in ${config.data_dir} is up to date.`);
}

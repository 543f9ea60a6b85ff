import { resolve } from "node:path";
import { type Config, restore, storeName } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { tellable } from "../install.ts";
import { CommandFailure, say, sayJson } from "../output.ts";
import { grouped, partOf, progressLine } from "../progress.ts";
import { ask } from "../running.ts";

export function restoreCommand(): Command {
  return withExample(
    addInstallFlags(
      new Command("restore")
        .description("Put a backup in place, of any database, while no server runs.")
        .requiredOption("--from <directory>", "what parlance backup made")
        .option("--replace", "overwrite what is there")
        .option("--no-files", "leave shared files out")
        .option(
          "--ignore-connections",
          "other programs that use the database are another install's",
        )
        .action(restoreInstall),
    ),
    "parlance restore --from /srv/backups/today",
  );
}

async function restoreInstall(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const isJson = options["json"] === true;
  await mustNotRun(config);
  const line = progressLine(isJson);
  try {
    const { content, rows, files, installId } = await restore(config, {
      from: resolve(String(options["from"])),
      withFiles: options["files"] !== false,
      replace: options["replace"] === true,
      ignoreConnections: options["ignoreConnections"] === true,
      onProgress: (at) => line.show(`${partOf(at.rows, at.total)}, now ${at.table}`),
    });
    line.end();
    if (isJson) {
      sayJson({ made_at: content.made_at, install_id: installId, rows, files: files ?? 0 });
      return;
    }
    say(`Restored the backup of ${content.made_at} into ${storeName(config)}`);
    say(
      `  ${grouped(rows.rooms)} rooms, ${grouped(rows.events)} events, ${grouped(rows.users)} users, ` +
        `${grouped(files ?? 0)} files`,
    );
    say("Clients that saw newer messages will read their rooms anew.");
  } catch (error) {
    line.end();
    throw tellable(error, config);
  }
}

async function mustNotRun(config: Config): Promise<void> {
  if ((await ask(config, "/health")) === undefined) return;
  throw new CommandFailure("The server of this install runs. Stop it first.");
}

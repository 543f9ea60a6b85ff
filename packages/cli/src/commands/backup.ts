import { resolve } from "node:path";
import { backUp } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { tellable } from "../install.ts";
import { say, sayJson } from "../output.ts";
import { grouped, partOf, progressLine } from "../progress.ts";

export function backupCommand(): Command {
  return withExample(
    addInstallFlags(
      new Command("backup")
        .description("Copy everything into a directory, also while the server runs.")
        .requiredOption("--to <directory>", "where to; made if absent, replaced if there is one")
        .option("--no-files", "leave shared files out")
        .action(backup),
    ),
    "parlance backup --to /srv/backups/today",
  );
}

async function backup(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const isJson = options["json"] === true;
  const to = resolve(String(options["to"]));
  const line = progressLine(isJson);
  try {
    const content = await backUp(config, {
      to,
      withFiles: options["files"] !== false,
      onProgress: ({ table, rows, total }) => line.show(`${partOf(rows, total)}, now ${table}`),
      onFile: (count, bytes) => line.show(`${grouped(count)} files, ${grouped(bytes)} bytes`),
    });
    line.end();
    if (isJson) {
      sayJson({ directory: to, ...content });
      return;
    }
    const { rows, database, files } = content;
    say(`Backup of ${content.made_at} in ${to}`);
    say(
      `  ${grouped(rows.rooms)} rooms, ${grouped(rows.events)} events, ${grouped(rows.users)} users; ` +
        `${grouped(database.bytes)} bytes`,
    );
    say(
      files === undefined
        ? "  without files"
        : `  ${grouped(files.count)} files, ${grouped(files.bytes)} bytes`,
    );
  } catch (error) {
    line.end();
    throw tellable(error, config);
  }
}

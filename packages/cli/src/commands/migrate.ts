import { type Config, type SchemaStatus, schemaStatus } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { tellable, withStore } from "../install.ts";
import { say, sayJson } from "../output.ts";

export function migrateCommand(): Command {
  return withExample(
    addInstallFlags(
      new Command("migrate")
        .description(
          "Bring the database up to date without starting the server, which would do it too.",
        )
        .option("--status", "tell the versions of database and program; change nothing")
        .option(
          "--dry-run",
          "tell what would be done, with 1 if it would be refused; change nothing",
        )
        .action(migrate),
    ),
    "parlance migrate --dry-run",
  );
}

async function migrate(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const isJson = options["json"] === true;
  const isDry = options["dryRun"] === true;
  if (isDry || options["status"] === true) {
    const found = await look(config);
    if (isJson) sayJson({ state: stateOf(found), in_use: found.inUse, ...versions(found) });
    else for (const line of isDry ? planOf(found) : statusOf(found)) say(line);
    if (isDry && (found.inUse || stateOf(found) === "newer")) process.exitCode = 1;
    return;
  }
  await withStore(config, async () => {});
  if (isJson) sayJson({ up_to_date: true });
  else say(`The database in ${config.data_dir} is up to date.`);
}

async function look(config: Config): Promise<SchemaStatus> {
  try {
    return await schemaStatus(config);
  } catch (error) {
    throw tellable(error, config);
  }
}

function versions({ version, known }: SchemaStatus): object {
  return { ...(version === undefined ? {} : { version }), program_version: known };
}

function stateOf({ version, known }: SchemaStatus): "absent" | "older" | "current" | "newer" {
  if (version === undefined) return "absent";
  if (version === known) return "current";
  return version < known ? "older" : "newer";
}

function statusOf(found: SchemaStatus): readonly string[] {
  const { version, known, inUse } = found;
  const state = stateOf(found);
  const lines =
    state === "absent"
      ? ["There is no database yet."]
      : [`The database has schema version ${version} (${state}).`];
  lines.push(`This program makes and knows version ${known}.`);
  if (inUse) lines.push("A Parlance process is using it.");
  return lines;
}

function planOf(found: SchemaStatus): readonly string[] {
  const { version = 0, known, inUse } = found;
  const state = stateOf(found);
  if (state === "newer") {
    return [
      `Would be refused: the database has version ${version}, this program knows ${known}. ` +
        "Start the newer Parlance that it was used by.",
    ];
  }
  if (inUse) return ["Would be refused: a Parlance process is using it. Stop that one first."];
  if (state === "absent") return [`Would make a new database, version ${known}.`];
  if (state === "current") return [`Nothing to do: the database has version ${known}.`];
  return [`Would bring the database from version ${version} to ${known}. Make a backup before.`];
}

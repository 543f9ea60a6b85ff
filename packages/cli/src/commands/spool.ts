import {
  clearRefused,
  inspectSpool,
  retrySpooled,
  type SpooledFile,
  type SpoolPart,
  spoolDirectory,
} from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, wholeNumber, withExample } from "../flags.ts";
import {
  CommandFailure,
  duration,
  printable,
  say,
  sayJson,
  sayTable,
  UsageFailure,
} from "../output.ts";
import { grouped } from "../progress.ts";

const dayMs = 86_400_000;
const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: dayMs };

export function spoolCommand(): Command {
  const status = new Command("status")
    .description("How many files wait to be published, and how many were refused.")
    .action(showStatus);
  const list = new Command("list")
    .description("The files that wait, the next one first.")
    .option("--limit <count>", "how many at most, 1-10000", "50")
    .action((options: Options) => showFiles("waiting", options));
  const refused = new Command("refused")
    .description("The files that were refused, each with the reason.")
    .option("--limit <count>", "how many at most, 1-10000", "50")
    .action((options: Options) => showFiles("refused", options));
  const retry = new Command("retry")
    .description("Give refused files back to be published, when their reason is gone.")
    .argument("[file...]", "names as parlance spool refused shows them")
    .option("--all", "all of them")
    .action(retryFiles);
  const clear = new Command("clear")
    .description("Remove files that were refused longer ago, and their reasons.")
    .requiredOption("--older <time>", "such as 7d, 12h, 30m, or 0m for all")
    .action(clearFiles);
  const command = new Command("spool").description(
    "The directory in which back ends put publications.",
  );
  command.addCommand(addInstallFlags(status), { isDefault: true });
  for (const one of [list, refused, retry, clear]) command.addCommand(addInstallFlags(one));
  withExample(status, "parlance spool");
  withExample(list, "parlance spool list --limit 10");
  withExample(refused, "parlance spool refused --json");
  withExample(retry, "parlance spool retry 01764243000000000-a1b2.json");
  withExample(clear, "parlance spool clear --older 7d");
  return withExample(command, "parlance spool", "parlance spool refused");
}

async function showStatus(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const directory = spoolDirectory(config);
  const [waiting, refused] = await readable(directory, () =>
    Promise.all([inspectSpool(directory, "waiting", 1), inspectSpool(directory, "refused", 0)]),
  );
  const [first] = waiting.files;
  const oldestMs = first === undefined ? undefined : Math.max(0, Math.round(Date.now() - first.at));
  if (options["json"] === true) {
    sayJson({
      directory,
      enabled: config.spool,
      waiting: waiting.count,
      waiting_bytes: waiting.bytes,
      ...(oldestMs === undefined ? {} : { first_age_ms: oldestMs }),
      refused: refused.count,
      refused_bytes: refused.bytes,
    });
    return;
  }
  say(directory);
  if (!config.spool) say("  not read by the server: PARLANCE_SPOOL is no");
  say(`  waiting: ${sizeOf(waiting)}`);
  if (oldestMs !== undefined) say(`  the first of them since ${duration(oldestMs)}`);
  say(`  refused: ${sizeOf(refused)}`);
}

async function showFiles(part: SpoolPart, options: Options): Promise<void> {
  const { config } = configFrom(options);
  const directory = spoolDirectory(config);
  const limit = wholeNumber(options, "limit", [1, 10_000], "spool");
  const { files, count } = await readable(directory, () => inspectSpool(directory, part, limit));
  if (options["json"] === true) {
    const told = files.map(({ at, ...file }) => ({ ...file, at: new Date(at).toISOString() }));
    sayJson({ count, files: told });
    return;
  }
  if (files.length === 0) say(part === "waiting" ? "Nothing waits." : "Nothing was refused.");
  else sayTable(files.map((file) => rowOf(file)));
  if (files.length < count) say(`${files.length} of ${grouped(count)}; more with --limit`);
}

function rowOf({ name, bytes, at, reason }: SpooledFile): readonly string[] {
  const age = duration(Math.max(0, Date.now() - at));
  const row = [printable(name), `${grouped(bytes)} B`, age];
  return reason === undefined ? row : [...row, printable(reason)];
}

async function retryFiles(names: readonly string[], options: Options): Promise<void> {
  const { config } = configFrom(options);
  const directory = spoolDirectory(config);
  const isAll = options["all"] === true;
  if (isAll === names.length > 0) throw new UsageFailure("name files, or --all", "spool retry");
  const chosen = isAll
    ? (await readable(directory, () => inspectSpool(directory, "refused", 1_000_000))).files.map(
        ({ name }) => name,
      )
    : names;
  for (const name of chosen) {
    const done = await readable(directory, () => retrySpooled(directory, name));
    if (done === false) throw new CommandFailure(`No refused file is called ${name}.`);
    if (done === "taken") throw new CommandFailure(`A file called ${name} waits already.`);
  }
  if (options["json"] === true) sayJson({ retried: chosen });
  else say(`Given back: ${chosen.length === 0 ? "none" : chosen.join(", ")}.`);
}

async function clearFiles(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const directory = spoolDirectory(config);
  const [, count, unit = ""] = /^(\d{1,6})([mhd])$/.exec(String(options["older"])) ?? [];
  if (count === undefined) throw new UsageFailure("--older: such as 7d, 12h or 30m", "spool clear");
  const before = Date.now() - Number(count) * (units[unit] ?? dayMs);
  const removed = await readable(directory, () => clearRefused(directory, before));
  if (options["json"] === true) sayJson({ removed });
  else say(`Removed ${removed}.`);
}

async function readable<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CommandFailure(`The spool ${directory} cannot be used by this user (${code}).`, {
      cause: error,
    });
  }
}

function sizeOf({ count, bytes }: { readonly count: number; readonly bytes: number }): string {
  return `${grouped(count)} files, ${grouped(bytes)} bytes`;
}

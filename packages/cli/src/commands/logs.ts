import { logFileOf, readRunningFile } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, wholeNumber, withExample } from "../flags.ts";
import { followFile, lastLines } from "../log-reader.ts";
import { CommandFailure, printable, say } from "../output.ts";

export function logsCommand(): Command {
  const command = new Command("logs")
    .description("Show the last lines of the server's log file.")
    .option("-n, --lines <count>", "how many lines, 0-100000", "50")
    .option("-f, --follow", "go on with what is written, also after the file was rotated")
    .action(logs);
  return withExample(
    addInstallFlags(command),
    "parlance logs -f -n 100",
    "parlance logs --json | jq .event",
  );
}

async function logs(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const count = wholeNumber(options, "lines", [0, 100_000], "logs");
  const path = readRunningFile(config.data_dir)?.start?.logFile ?? logFileOf(config);
  if (path === undefined) {
    throw new CommandFailure(
      "This server's log goes to its output, where it was started: journalctl -u parlance, docker logs, or its " +
        "terminal. With --log-to file (PARLANCE_LOG_TO) it goes to a file.",
    );
  }
  const show = (line: string): void => {
    if (options["json"] === true) process.stdout.write(`${line}\n`);
    else say(readable(line));
  };
  let position: number;
  try {
    const last = await lastLines(path, count);
    for (const line of last.lines) show(line);
    position = last.end;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EACCES") throw error;
    const why = code === "ENOENT" ? "is not there yet" : "cannot be read by this user";
    throw new CommandFailure(`The log file ${path} ${why}.`, { cause: error });
  }
  if (options["follow"] !== true) return;
  await followFile(path, position, show);
}

interface Line {
  readonly level?: string;
  readonly time?: string;
  readonly event?: string;
}

/** `12:30:05 info server_listening url=http://…`, in local time; what is no line of ours as it is. */
function readable(line: string): string {
  let parsed: Line;
  try {
    parsed = JSON.parse(line) as Line;
  } catch {
    return printable(line);
  }
  const { level = "", time = "", event = "", ...fields } = parsed;
  const at = new Date(time);
  const clock = Number.isNaN(at.getTime()) ? time : at.toTimeString().slice(0, 8);
  const told = Object.entries(fields).map(([name, value]) => {
    return `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`;
  });
  return printable([clock, level.padEnd(5), event, ...told].join(" "));
}

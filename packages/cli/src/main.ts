/** The `parlance` command. Exit codes: 0 done, 1 not done, 2 not understood. */

import { version } from "@parlance/server";
import { Command, CommanderError } from "commander";
import { backupCommand } from "./commands/backup.ts";
import { configCommand } from "./commands/config.ts";
import { connectionsCommand } from "./commands/connections.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { healthCommand } from "./commands/health.ts";
import { keyCommand } from "./commands/key.ts";
import { banCommand, kickCommand, unbanCommand } from "./commands/kick.ts";
import { logsCommand } from "./commands/logs.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { moveCommand } from "./commands/move.ts";
import { publishCommand } from "./commands/publish.ts";
import { restoreCommand } from "./commands/restore.ts";
import { roomsCommand } from "./commands/rooms.ts";
import { spoolCommand } from "./commands/spool.ts";
import { startCommand } from "./commands/start.ts";
import { statusCommand } from "./commands/status.ts";
import { restartCommand, stopCommand } from "./commands/stop.ts";
import { tailCommand } from "./commands/tail.ts";
import { tokenCommand } from "./commands/token.ts";
import { usersCommand } from "./commands/users.ts";
import { tellFailure, UsageFailure } from "./output.ts";

dieWithStarter();
process.stdout.on("error", stopAtClosedPipe);
const program = new Command("parlance")
  .description("Self-hosted messaging whose acknowledged messages are never lost.")
  .version(version)
  .showHelpAfterError("(parlance --help lists the commands and options)")
  .exitOverride();
const commands = [
  startCommand(),
  stopCommand(),
  restartCommand(),
  statusCommand(),
  healthCommand(),
  logsCommand(),
  connectionsCommand(),
  roomsCommand(),
  tailCommand(),
  usersCommand(),
  kickCommand(),
  banCommand(),
  unbanCommand(),
  keyCommand(),
  tokenCommand(),
  publishCommand(),
  spoolCommand(),
  doctorCommand(),
  configCommand(),
  migrateCommand(),
  backupCommand(),
  restoreCommand(),
  moveCommand(),
];
for (const command of commands) program.addCommand(inherit(command));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    tellFailure(error);
    process.exitCode = error instanceof UsageFailure ? 2 : 1;
  }
}

/** `parlance config | head` is no failure, and a server goes on without somebody to read its three lines. */
function stopAtClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

/** Commander does not hand these settings down to commands that are added. */
function inherit(command: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) inherit(child);
  return command;
}

/**
 * Where an older Node started this process, `kill -9` of that one must end this one too: who kills what it started
 * means the server, not its wrapper.
 */
function dieWithStarter(): void {
  if (process.channel === undefined) return;
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel?.unref();
}

/** Every command, put together: for `main.ts`, and for whoever writes down what there is. */
import { version } from "@parlance/server";
import { Command } from "commander";
import { backupCommand } from "./commands/backup.ts";
import { configCommand } from "./commands/config.ts";
import { connectionsCommand } from "./commands/connections.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { healthCommand } from "./commands/health.ts";
import { importCommand } from "./commands/import.ts";
import { keyCommand } from "./commands/key.ts";
import { banCommand, kickCommand, unbanCommand } from "./commands/kick.ts";
import { logsCommand } from "./commands/logs.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { moveCommand } from "./commands/move.ts";
import { publishCommand } from "./commands/publish.ts";
import { restoreCommand } from "./commands/restore.ts";
import { roomsCommand } from "./commands/rooms.ts";
import { searchCommand } from "./commands/search.ts";
import { spoolCommand } from "./commands/spool.ts";
import { startCommand } from "./commands/start.ts";
import { statusCommand } from "./commands/status.ts";
import { restartCommand, stopCommand } from "./commands/stop.ts";
import { tailCommand } from "./commands/tail.ts";
import { tokenCommand } from "./commands/token.ts";
import { traceCommand } from "./commands/trace.ts";
import { usersCommand } from "./commands/users.ts";
import { webhookCommand } from "./commands/webhook.ts";

/** Long names of settings leave little room for what they mean; it is wrapped there, too. */
export const minWidthToWrap = 20;

/** Makes the `parlance` command. It exits by throwing `CommanderError`. */
export function createProgram(): Command {
  const program = new Command("parlance")
    .description("Self-hosted messaging whose acknowledged messages are never lost.")
    .version(version)
    .configureHelp({ minWidthToWrap })
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
    searchCommand(),
    traceCommand(),
    usersCommand(),
    kickCommand(),
    banCommand(),
    unbanCommand(),
    keyCommand(),
    tokenCommand(),
    publishCommand(),
    spoolCommand(),
    webhookCommand(),
    doctorCommand(),
    configCommand(),
    migrateCommand(),
    backupCommand(),
    restoreCommand(),
    moveCommand(),
    importCommand(),
    exportCommand(),
  ];
  for (const command of commands) program.addCommand(inherit(command, program));
  for (const command of [program, ...everyCommand(program)]) {
    command.showHelpAfterError(`${usageOf(command)}\n(${pathOf(command)} --help tells more)`);
  }
  return program;
}

/** All commands below one, each before its own. */
export function everyCommand(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...everyCommand(child)]);
}

/** `parlance spool retry`. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** One line: what the command takes. */
export function usageOf(command: Command): string {
  return `Usage: ${pathOf(command)} ${command.usage()}`;
}

/** Commander does not hand these settings down to commands that are added. */
function inherit(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) inherit(child, program);
  return command;
}

/** The `parlance` command. Exit codes: 0 done, 1 not done, 2 not understood. */
import { CommanderError } from "commander";
import { tellFailure, UsageFailure } from "./output.ts";
import { createProgram, everyCommand, pathOf, usageOf } from "./program.ts";

dieWithStarter();
process.stdout.on("error", stopAtClosedPipe);
const program = createProgram();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof UsageFailure) {
    tellFailure(error);
    const path = `parlance ${error.command}`;
    const command = everyCommand(program).find((each) => pathOf(each) === path) ?? program;
    process.stderr.write(`${usageOf(command)}\n(${path} --help tells more)\n`);
    process.exitCode = 2;
  } else {
    tellFailure(error);
    process.exitCode = 1;
  }
}

/** `parlance config | head` is no failure, and a server goes on without somebody to read its three lines. */
function stopAtClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
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

/** A server of this machine as a process: whether it is there, started so that nobody has to wait for it, ended. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  type Config,
  processOf,
  type RunningServer,
  readRunningFile,
  removeRunningFile,
} from "@parlance/server";
import { tellable } from "./install.ts";
import { CommandFailure } from "./output.ts";
import { ask } from "./running.ts";

const program: string = fileURLToPath(new URL("../bin/parlance.js", import.meta.url));
/** Tells a server that nobody waits for it. Not for people. */
export const detachedFlag = "--is-detached";
/** How often something is looked at that is waited for. */
const lookMs = 100;
/** Of what a server that did not start said, so many lines are shown. */
const shownLines = 15;

/** The server of this install, if its process is there. A pid that another program has by now is no server. */
export function runningServer(config: Config): RunningServer | undefined {
  const running = readRunningFile(config.data_dir);
  return running !== undefined && processOf(running) === "there" ? running : undefined;
}

/** What a detached server wrote beside its log: why it did not start, or how it crashed. */
export function outputFile(config: Config): string {
  return join(config.data_dir, "parlance.out");
}

export interface DetachedStart {
  /** Behind `parlance start`, without `--detach`. */
  readonly args: readonly string[];
  readonly directory: string;
  readonly timeoutMs: number;
}

/**
 * Starts a server that outlives this command, and waits until it is ready.
 *
 * @throws CommandFailure with the last lines that it wrote, if it is not.
 */
export async function startDetached(config: Config, start: DetachedStart): Promise<RunningServer> {
  const output = outputFile(config);
  let descriptor: number;
  try {
    mkdirSync(config.data_dir, { recursive: true, mode: 0o700 });
    descriptor = openSync(output, "w", 0o600);
  } catch (error) {
    throw tellable(error, config);
  }
  const child = spawn(process.execPath, [program, "start", ...start.args, detachedFlag], {
    cwd: start.directory,
    detached: true,
    stdio: ["ignore", descriptor, descriptor],
  });
  closeSync(descriptor);
  child.unref();
  const failed = new Promise<Error>((resolve) => child.once("error", resolve));
  const end = performance.now() + start.timeoutMs;
  for (;;) {
    const error = await Promise.race([failed, pause(lookMs)]);
    if (error !== undefined) throw new CommandFailure(`It could not be started: ${error.message}`);
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new CommandFailure(`The server did not start.${lastLines(output)}`);
    }
    const running = readRunningFile(config.data_dir);
    if (running?.pid === child.pid && running !== undefined && (await isReady(config))) {
      return running;
    }
    if (performance.now() > end) {
      throw new CommandFailure(
        `The server (pid ${child.pid}) is not ready after ${Math.round(start.timeoutMs / 1_000)} s, and goes on ` +
          `trying. parlance stop ends it.${lastLines(output)}`,
      );
    }
  }
}

async function isReady(config: Config): Promise<boolean> {
  return (await ask(config, "/ready"))?.status === 200;
}

/** How a server is ended. */
export interface Ending {
  readonly timeoutMs: number;
  /** Ends it at once when the time is over: what was acknowledged is on disk. */
  readonly kills: boolean;
}

/**
 * Ends a server in good order and waits for it.
 *
 * @returns whether it had to be killed.
 * @throws CommandFailure if it is still there when the time is over.
 */
export async function stopServer(
  config: Config,
  running: RunningServer,
  { timeoutMs, kills }: Ending,
): Promise<boolean> {
  signal(running, "SIGTERM");
  if (await isGone(running, timeoutMs)) return false;
  const seconds = Math.round(timeoutMs / 1_000);
  if (!kills) {
    throw new CommandFailure(
      `The server (pid ${running.pid}) is still there after ${seconds} s. Wait longer with --timeout, or end it with ` +
        "--kill: what was acknowledged is on disk.",
    );
  }
  signal(running, "SIGKILL");
  if (!(await isGone(running, timeoutMs))) {
    throw new CommandFailure(`The system does not end process ${running.pid}.`);
  }
  removeRunningFile(config.data_dir, running.pid);
  return true;
}

/* Security: a pid that belongs to another program by now gets no signal. */
function signal(running: RunningServer, name: NodeJS.Signals): void {
  if (processOf(running) !== "there") return;
  try {
    process.kill(running.pid, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ESRCH") return;
    throw new CommandFailure(
      `Process ${running.pid} is another user's (${code}): stop it as that user.`,
      { cause: error },
    );
  }
}

async function isGone(running: RunningServer, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (processOf(running) === "there") {
    if (performance.now() > end) return false;
    await pause(lookMs);
  }
  return true;
}

function lastLines(file: string): string {
  let lines: readonly string[] = [];
  try {
    lines = readFileSync(file, "utf8").trimEnd().split("\n").slice(-shownLines);
  } catch {
    // It wrote none.
  }
  const shown = lines.filter((line) => line !== "").map((line) => `\n  ${line}`);
  return shown.length === 0 ? "" : ` The last that it said:${shown.join("")}`;
}

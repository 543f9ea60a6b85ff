import { type Config, readRunningFile, removeRunningFile } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, wholeNumber, withExample } from "../flags.ts";
import { runningServer, startDetached, stopServer } from "../lifecycle.ts";
import { CommandFailure, say, sayJson } from "../output.ts";

const seconds = [1, 3_600] as const;

export function stopCommand(): Command {
  const command = new Command("stop")
    .description("Stop the running server in good order, and wait for its end.")
    .option("--timeout <seconds>", "how long to wait, 1-3600", "30")
    .option("--kill", "end it at once when the time is over")
    .action(stop);
  return withExample(addInstallFlags(command), "parlance stop --timeout 60 --kill");
}

export function restartCommand(): Command {
  const command = new Command("restart")
    .description("Stop the server, and start it again as it was started with --detach.")
    .option("--timeout <seconds>", "how long to wait for its end, and for the start, 1-3600", "30")
    .option("--kill", "end it at once when the time is over")
    .action(restart);
  return withExample(addInstallFlags(command), "parlance health --live || parlance restart --kill");
}

async function stop(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const timeoutMs = wholeNumber(options, "timeout", seconds, "stop") * 1_000;
  const running = runningServer(config);
  if (running === undefined) {
    forgetDead(config);
    if (options["json"] === true) sayJson({ stopped: false });
    else say(`No server of ${config.data_dir} runs.`);
    return;
  }
  const killed = await stopServer(config, running, { timeoutMs, kills: options["kill"] === true });
  if (options["json"] === true) sayJson({ stopped: true, pid: running.pid, killed });
  else say(killed ? `Killed (pid ${running.pid}).` : `Stopped (pid ${running.pid}).`);
}

async function restart(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const timeoutMs = wholeNumber(options, "timeout", seconds, "restart") * 1_000;
  const running = runningServer(config);
  // What a dead one left says how that one was started.
  const start = readRunningFile(config.data_dir)?.start;
  if (start === undefined || !start.isDetached) {
    throw new CommandFailure(
      running === undefined
        ? `No server of ${config.data_dir} runs that was started with parlance start --detach.`
        : `This server (pid ${running.pid}) was not started with --detach: restart it where it was started, by ` +
            "systemctl restart parlance, docker restart, or in its terminal.",
    );
  }
  if (running !== undefined) {
    await stopServer(config, running, { timeoutMs, kills: options["kill"] === true });
  }
  const { args, directory } = start;
  const next = await startDetached(config, { args, directory, timeoutMs });
  if (options["json"] === true) sayJson({ pid: next.pid, url: next.url });
  else say(`Restarted at ${next.url} (pid ${next.pid}).`);
}

/** What a server left behind that was killed: from now on it is one that was stopped. */
function forgetDead(config: Config): void {
  const left = readRunningFile(config.data_dir);
  if (left !== undefined) removeRunningFile(config.data_dir, left.pid);
}

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  builtFiles,
  type Config,
  createLog,
  guestsAllowed,
  hasWebApp,
  isPublic,
  logFileOf,
  type ParlanceServer,
  processCount,
  type StartedBy,
  startProcesses,
  startServer,
  supervise,
  trustedDialects,
} from "@parlance/server";
import { Command, Option } from "commander";
import { addSettingFlags, configFrom, type Options, wholeNumber, withExample } from "../flags.ts";
import { tellable } from "../install.ts";
import { detachedFlag, runningServer, startDetached } from "../lifecycle.ts";
import { CommandFailure, say, sayJson } from "../output.ts";

export function startCommand(): Command {
  const command = new Command("start")
    .description("Start the server; stops at Ctrl+C, or with --detach at parlance stop.")
    .argument("[host]", "address to listen on")
    .argument("[port]", "port to listen on")
    .option("--detach", "return when it is ready, and leave it running")
    .option("--timeout <seconds>", "with --detach: how long to wait until it is ready", "60")
    .option("--json", "with --detach: answer in JSON, for scripts")
    .addOption(new Option(detachedFlag).hideHelp())
    .action(start);
  return withExample(
    addSettingFlags(command),
    "parlance start 0.0.0.0 8080",
    "parlance start --detach --port 8081 --data-dir /srv/chat",
  );
}

async function start(
  host: string | undefined,
  port: string | undefined,
  options: Options,
): Promise<void> {
  const { config, unknown, warnings, sources } = configFrom(options, {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
  });
  buildWebAppOnce();
  if (options["detach"] === true) return detach(config, options);
  const log = createLog(config);
  for (const name of unknown) log.report("warn", "unknown_setting", { name });
  for (const text of warnings) log.report("warn", "configuration_warning", { text });
  let server: ParlanceServer;
  try {
    const start = processCount(config) > 1 ? startProcesses : startServer;
    server = await start(config, { log, sources, startedBy: startedBy(config, options) });
  } catch (error) {
    log.flush();
    throw tellable(error, config);
  }
  supervise(server, config, log);
  greet(server, config);
}

async function detach(config: Config, options: Options): Promise<void> {
  const timeoutMs = wholeNumber(options, "timeout", [1, 3_600], "start") * 1_000;
  const running = runningServer(config);
  if (running !== undefined) {
    throw new CommandFailure(
      `A server of ${config.data_dir} runs already at ${running.url} (pid ${running.pid}).`,
    );
  }
  const args = ownArguments();
  const to = logFileOf(config) === undefined ? ["--log-to", "file"] : [];
  const directory = process.cwd();
  const started = await startDetached(config, { args: [...args, ...to], directory, timeoutMs });
  const { url, pid } = started;
  const logFile = started.start?.logFile;
  if (options["json"] === true) {
    sayJson({ url, pid, log: logFile });
    return;
  }
  say(`Ready at ${url} (pid ${pid}).`);
  if (logFile !== undefined) say(`Its log is ${logFile}; parlance logs -f shows it.`);
}

/** What this command was given beside what is about detaching. */
function ownArguments(): readonly string[] {
  const given = process.argv.slice(process.argv.indexOf("start") + 1);
  const own: string[] = [];
  for (let at = 0; at < given.length; at += 1) {
    const arg = given[at] ?? "";
    if (arg === "--timeout") at += 1;
    else if (!/^--(detach|json|is-detached|timeout=.*)$/.test(arg)) own.push(arg);
  }
  return own;
}

function startedBy(config: Config, options: Options): StartedBy {
  const logFile = logFileOf(config);
  return {
    directory: process.cwd(),
    args: ownArguments(),
    isDetached: options["isDetached"] === true,
    ...(logFile === undefined ? {} : { logFile }),
  };
}

/** Where the chat is, where to try everything, which other clients' ports are open, what is trusted. */
function greet(server: ParlanceServer, config: Config): void {
  say(`Chat        ${server.publicUrl}`);
  say(`Playground  ${server.publicUrl}/playground`);
  const ports = server.endpoints.map(({ dialect, port, path = "" }) => `${dialect} ${port}${path}`);
  if (ports.length > 0) say(`Also        ${ports.join(", ")}`);
  say(trustLine(server, config));
}

function trustLine(server: ParlanceServer, config: Config): string {
  if (config.mode === "production") {
    return `Production mode; guests ${guestsAllowed(config) ? "may come in by name" : "are not let in"}.`;
  }
  const trusted: string[] = [];
  if (guestsAllowed(config)) trusted.push("guests by name");
  trusted.push("pages of this machine");
  const claims = [...trustedDialects(config)];
  if (claims.length > 0) trusted.push(`user ids that are only claimed (${claims.join(", ")})`);
  if (config.secret === undefined) {
    const made = server.secretMadeAt === undefined ? "kept" : "made just now";
    trusted.push(`a secret ${made} in ${config.data_dir}`);
  }
  const reach = isPublic(config) ? " Others can reach this address!" : "";
  return `Development mode, so this is trusted: ${trusted.join(", ")}.${reach}`;
}

/** A fresh clone has the sources of what browsers get, and no build of it yet. */
function buildWebAppOnce(): void {
  const root = join(import.meta.dirname, "../../../..");
  const scripts = ["scripts/build-web.ts", "scripts/build-client.ts"].map((file) =>
    join(root, file),
  );
  const canBuild =
    existsSync(join(root, "node_modules/vite")) && scripts.every((script) => existsSync(script));
  if (hasWebApp(builtFiles) || !canBuild) return;
  process.stderr.write("Building the web app, once …\n");
  for (const script of scripts) {
    // Standard output is for the addresses.
    const { status } = spawnSync(process.execPath, [script], {
      cwd: root,
      stdio: ["ignore", 2, 2],
    });
    if (status !== 0) process.stderr.write(`${script} failed; going on without.\n`);
  }
}

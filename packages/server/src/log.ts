import { writeSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "@parlance/core";
import { type DestinationStream, destination, pino } from "pino";
import { prettyFactory } from "pino-pretty";
import { ConfigError } from "./config/load.ts";
import type { Config, LogLevel } from "./config/schema.ts";
import { openLogFile } from "./log-file.ts";

/** The operator's log. */
export interface Log {
  /** Never throws, whatever becomes of what is written to. */
  readonly report: Report;
  /** Writes what is still in memory. To be called before the process ends. */
  flush(): void;
}

/** What decides how much is logged, how and where. */
export type LogSettings = Pick<
  Config,
  "mode" | "data_dir" | "log_level" | "log_format" | "log_to" | "log_file"
>;

/** Somewhere that lines go. */
interface Sink {
  write(line: string): void;
  flushSync?(): void;
}

/**
 * Names of fields that never reach the log, whoever passes them by mistake. The rule is that nobody does; this is
 * the second lock on that door.
 */
const secretFields = ["token", "password", "secret", "authorization", "cookie"] as const;
const redacted: string[] = secretFields.flatMap((name) => [name, `*.${name}`]);

/** What is logged at level `essential` beside warnings and errors: that the server is there, and who comes and goes. */
const essentialEvents: ReadonlySet<string> = new Set([
  "server_listening",
  "server_stopped",
  "connection_opened",
  "signed_in",
  "connection_closed",
]);

/**
 * @param target Where lines go instead; for tests.
 * @param worker Stands in each line, where several processes write to one log.
 * @throws ConfigError if the file cannot be opened.
 */
export function createLog(config: LogSettings, target?: DestinationStream, worker?: number): Log {
  const level = logLevelOf(config);
  const isEssential = level === "essential";
  const sinks = target === undefined ? sinksOf(config) : [target as Sink];
  const logger = pino(
    {
      level: isEssential ? "info" : level,
      base: worker === undefined ? null : { worker },
      redact: { paths: redacted, censor: "[hidden]" },
      serializers: { error: pino.stdSerializers.errWithCause },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      messageKey: "event",
    },
    {
      write(line) {
        for (const sink of sinks) sink.write(line);
      },
    },
  );
  return {
    report: (severity, event, fields) => {
      if (isEssential && severity === "info" && !essentialEvents.has(event)) return;
      logger[severity](fields, event);
    },
    flush() {
      for (const sink of sinks) {
        try {
          sink.flushSync?.();
        } catch {
          // Not open yet, or nobody takes it any more: the process ends either way.
        }
      }
    },
  };
}

/** The level that counts: by itself all of it in development mode, and what an operator has to know in production. */
export function logLevelOf({
  log_level: level,
  mode,
}: Pick<Config, "log_level" | "mode">): Exclude<LogLevel, "auto"> {
  if (level !== "auto") return level;
  return mode === "production" ? "essential" : "debug";
}

/** The file that gets the log, if one does. */
export function logFileOf({
  log_to: to,
  log_file: file,
  data_dir: directory,
}: Pick<Config, "log_to" | "log_file" | "data_dir">): string | undefined {
  return file ?? (to === "file" ? join(directory, "parlance.log") : undefined);
}

function sinksOf(config: LogSettings): readonly Sink[] {
  const sinks: Sink[] = [];
  if (config.log_to !== "file") sinks.push(streamSink(config));
  const file = logFileOf(config);
  if (file !== undefined) sinks.push(fileSink(file));
  return sinks;
}

function streamSink({ log_to: to, log_format: format }: LogSettings): Sink {
  const isTerminal = to === "stdout" ? process.stdout.isTTY : process.stderr.isTTY;
  const isPretty = format === "pretty" || (format === "auto" && isTerminal);
  // In step with what else is written to a terminal.
  const stream = destination({ dest: to === "stdout" ? 1 : 2, sync: isPretty });
  // Whoever read the log is gone. People go on talking.
  stream.on("error", () => {});
  if (!isPretty) return stream;
  const prettify = prettyFactory({
    colorize: process.env["NO_COLOR"] === undefined && isTerminal,
    translateTime: "SYS:HH:MM:ss",
    messageKey: "event",
  });
  return {
    write: (line) => stream.write(prettify(line)),
    flushSync: () => stream.flushSync(),
  };
}

function fileSink(path: string): Sink {
  const tell = (error: NodeJS.ErrnoException): string =>
    `The log file ${path} cannot be written (${error.code}).`;
  try {
    return openLogFile(path, (error) => {
      try {
        writeSync(2, `${tell(error)}\n`);
      } catch {
        // Nobody is left to be told.
      }
    });
  } catch (error) {
    throw new ConfigError([tell(error as NodeJS.ErrnoException)]);
  }
}

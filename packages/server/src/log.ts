import type { Report } from "@parlance/core";
import { type DestinationStream, destination, pino } from "pino";
import pretty from "pino-pretty";
import type { Config } from "./config/schema.ts";

/** The operator's log, on the standard error stream; standard output is for what commands say. */
export interface Log {
  readonly report: Report;
  /** Writes what is still in memory. To be called before the process ends. */
  flush(): void;
}

/**
 * Names of fields that never reach the log, whoever passes them by mistake. The rule is that nobody does; this is
 * the second lock on that door.
 */
const secretFields = ["token", "password", "secret", "authorization", "cookie"] as const;
const redacted: string[] = secretFields.flatMap((name) => [name, `*.${name}`]);

/** @param target Where lines go instead; for tests. */
export function createLog(
  config: Pick<Config, "log_level" | "log_format">,
  target?: DestinationStream,
): Log {
  const isPretty =
    config.log_format === "pretty" ||
    (config.log_format === "auto" && target === undefined && process.stderr.isTTY);
  const stream = target ?? (isPretty ? prettyStream() : jsonStream());
  const logger = pino(
    {
      level: config.log_level,
      base: null,
      redact: { paths: redacted, censor: "[hidden]" },
      serializers: { error: pino.stdSerializers.errWithCause },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      messageKey: "event",
    },
    stream,
  );
  return {
    report: (level, event, fields) => logger[level](fields, event),
    flush() {
      if (!("flushSync" in stream) || typeof stream.flushSync !== "function") return;
      try {
        stream.flushSync();
      } catch {
        // Not open yet: nothing was written that could be lost.
      }
    },
  };
}

function jsonStream(): DestinationStream {
  const stream = destination({ dest: 2, sync: false });
  // Whoever read the log is gone. People go on talking.
  stream.on("error", () => {});
  return stream;
}

function prettyStream(): DestinationStream {
  return pretty({
    destination: 2,
    sync: true,
    colorize: process.env["NO_COLOR"] === undefined,
    translateTime: "SYS:HH:MM:ss",
    messageKey: "event",
  });
}

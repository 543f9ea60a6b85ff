import type { Config } from "./config/schema.ts";
import type { Log } from "./log.ts";
import { giveMemoryBack } from "./memory.ts";
import type { ParlanceServer } from "./start.ts";

/**
 * Ties a server to its process: stops in good order at SIGTERM and SIGINT (a second signal, or the deadline, forces
 * it), and ends with 1 at an error that nobody caught, since what is in memory cannot be trusted then. What was
 * acknowledged is on disk. Gives memory back after a flood.
 */
export function supervise(
  server: ParlanceServer,
  config: Pick<Config, "stop_timeout_ms">,
  log: Log,
): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) {
      log.report("warn", "stop_forced", { signal });
      end(log, 1);
    }
    isStopping = true;
    log.report("info", "stop_asked", { signal });
    setTimeout(() => {
      log.report("error", "stop_took_too_long", { stop_timeout_ms: config.stop_timeout_ms });
      end(log, 1);
    }, config.stop_timeout_ms).unref();
    server.close().then(
      () => end(log, 0),
      (error: unknown) => {
        log.report("error", "stop_failed", { error });
        end(log, 1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  const crash = (error: unknown): void => {
    log.report("error", "crashed", { error });
    end(log, 1);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  // Refusing every message for ever would help nobody; whoever restarts the process has a working one.
  void server.lost.then((reason) => {
    log.report("error", "storage_lost", { reason });
    end(log, 1);
  });
  giveMemoryBack();
}

function end(log: Log, code: number): never {
  log.flush();
  process.exit(code);
}

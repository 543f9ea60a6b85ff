/**
 * One server of several processes. The primary owns what belongs to one process - the port's claim, SQLite, the hub of the
 * broker - and serves nobody; each worker is a whole node of the install.
 */
import { type ChildProcess, fork } from "node:child_process";
import cluster from "node:cluster";
import { getCompileCacheDir } from "node:module";
import { fileURLToPath } from "node:url";
import { createIpcHub } from "@parlance/broker/ipc";
import { serveStore } from "@parlance/storage/remote";
import { listenEntries } from "../config/listen.ts";
import { ConfigError } from "../config/load.ts";
import { unsafeSettings } from "../config/safety.ts";
import type { Config, ListenEntry } from "../config/types.ts";
import { openExtraListeners } from "../extra-listeners.ts";
import { closeListener, openListener, type PortSharing, portOf, portSharing } from "../listener.ts";
import { createLog, type Log } from "../log.ts";
import { openMetricsListener } from "../metrics/listener.ts";
import { batchesOf } from "../metrics/node-samples.ts";
import { watchProcess } from "../metrics/process-samples.ts";
import { joinSamples, one, type Samples } from "../metrics/samples.ts";
import { removeRunningFile, writeRunningFile } from "../running-file.ts";
import { installSecret } from "../secret.ts";
import type { ParlanceServer, StartOptions } from "../start.ts";
import { isShared, openStore } from "../store.ts";
import { tellListening, tellStore } from "../told-at-start.ts";
import { processCount } from "./process-count.ts";
import { createProcessFleet } from "./process-fleet.ts";
import { lifeSocket, makeSocketDirectory } from "./socket-directory.ts";
import type { WorkerPlace } from "./worker-messages.ts";
import { Workers } from "./workers.ts";

export interface ProcessesOptions extends Pick<StartOptions, "log" | "sources" | "startedBy"> {
  /** For tests: what the system does is found out if absent. */
  readonly sharing?: PortSharing;
}

/**
 * Starts a server of `config.processes` workers. Resolves when all of them serve.
 *
 * @throws ConfigError, DirectoryInUseError, WorkerStartError or the system's error; nothing is left then.
 */
export async function startProcesses(
  config: Config,
  options: ProcessesOptions = {},
): Promise<ParlanceServer> {
  const refused = unsafeSettings(config);
  if (refused.length > 0) throw new ConfigError(refused);
  const log = options.log ?? createLog(config);
  const secret = await installSecret(config);
  const opened: (() => Promise<void> | void)[] = [];
  try {
    // Before anything else: who else has the directory is told at once.
    const store = isShared(config) ? undefined : await openStore(config);
    if (store !== undefined) opened.unshift(() => store.close());
    const claim = await claimPorts(config, options, log);
    const sockets = await makeSocketDirectory(config.data_dir);
    opened.unshift(() => sockets.remove());
    const hub = await createIpcHub(sockets.pathOf(lifeSocket));
    opened.unshift(() => hub.close());
    const storePath = sockets.pathOf("store");
    if (store !== undefined) {
      const served = await serveStore(store, storePath, createProcessFleet());
      opened.unshift(() => served.close());
    }
    const count = processCount(config);
    const handOverPaths = Array.from({ length: count }, (_, index) =>
      sockets.pathOf(`worker-${index + 1}`),
    );
    const places = Array.from(
      { length: count },
      (_, index): WorkerPlace => ({
        number: index + 1,
        of: count,
        sharing: claim.sharing,
        entries: claim.entries,
        ...(store === undefined ? {} : { storePath }),
        handOverPaths,
      }),
    );
    const workerConfig: Config = {
      ...config,
      port: claim.port,
      broker_url:
        config.broker_url === "memory:" ? `ipc:${sockets.pathOf(lifeSocket)}` : config.broker_url,
      // Each takes its part, so that together they hold what was asked for.
      max_connections: Math.ceil(config.max_connections / count),
    };
    const workers = new Workers({
      count,
      report: log.report,
      spawn: spawner(claim.sharing),
      firstWords: (number) => {
        const place = places[number - 1];
        if (place === undefined) throw new Error("a worker without a place");
        return { type: "start", config: workerConfig, place };
      },
    });
    const { url, publicUrl, endpoints } = await workers.start();
    const watch = watchProcess();
    opened.unshift(() => watch.close());
    const samples = async (): Promise<Samples> =>
      joinSamples([
        [
          "primary",
          {
            parlance_workers: one(workers.running),
            parlance_workers_wanted: one(count),
            ...(store === undefined ? {} : batchesOf(store)),
            ...watch.samples(),
          },
        ],
        ...(await workers.counted()).map(([number, each]) => [String(number), each] as const),
      ]);
    const place = config.metrics_listen;
    const metrics = place && (await openMetricsListener(place, samples, log.report));
    if (metrics) opened.unshift(() => metrics.close());
    const { startedBy: start } = options;
    writeRunningFile(config.data_dir, { url, ...(start && { start }) });
    if (store !== undefined) tellStore(store, log);
    tellListening(config, log, { url, publicUrl, secret, processes: count });

    const { promise: stopped, resolve: markStopped } = Promise.withResolvers<void>();
    const closeInOrder = async (drainMs: number): Promise<void> => {
      await workers.drain(drainMs);
      removeRunningFile(config.data_dir, process.pid);
      for (const close of opened) await close();
      log.report("info", "server_stopped", {});
      log.flush();
    };
    let closing: Promise<void> | undefined;
    return {
      url,
      publicUrl,
      port: claim.port,
      endpoints,
      ...(metrics ? { metricsUrl: metrics.url } : {}),
      samples,
      ...(secret.madeAt === undefined ? {} : { secretMadeAt: secret.madeAt }),
      stopped,
      lost: store?.lost ?? new Promise(() => {}),
      close(drainMs = config.drain_ms) {
        closing ??= closeInOrder(drainMs).finally(markStopped);
        return closing;
      },
    };
  } catch (error) {
    for (const close of opened) await close();
    throw error;
  }
}

interface Claim {
  readonly port: number;
  readonly entries: readonly ListenEntry[];
  readonly sharing: PortSharing;
}

/**
 * Opens every port alone for a moment. A port that is shared takes whoever else shares it too: without this, a second
 * server on the same port would start, and get half of the first one's clients.
 */
async function claimPorts(
  config: Config,
  { sources, sharing }: ProcessesOptions,
  log: Log,
): Promise<Claim> {
  const main = await openListener(config, log.report);
  try {
    const asked = listenEntries(config, sources ?? {});
    const extra = await openExtraListeners(asked, config, log.report);
    await extra.close();
    return {
      port: portOf(main),
      // What is free now is wanted from now on.
      entries: extra.endpoints.map(({ isOptional: _, ...entry }) => entry),
      sharing: sharing ?? (await portSharing(config.host)),
    };
  } finally {
    await closeListener(main);
  }
}

function spawner(sharing: PortSharing): () => ChildProcess {
  const entry = new URL("./worker.ts", import.meta.url);
  const cache = getCompileCacheDir();
  const env = { ...process.env, ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) };
  // Of what workers are told nothing stands on a command line or in the environment: it contains the secret.
  if (sharing === "system") {
    return () => fork(entry, [], { serialization: "advanced", env, stdio: [...stdio] });
  }
  cluster.setupPrimary({
    exec: fileURLToPath(entry),
    args: [],
    serialization: "advanced",
    stdio: [...stdio],
  });
  return () => cluster.fork(env).process;
}

const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;

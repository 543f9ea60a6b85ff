/** How a server ends: what it is made of, and in which order that is let go of. */
import type { Server } from "node:http";
import type { Broker, FileStore, Node } from "@parlance/core";
import type { EventStreams, Gateway } from "@parlance/gateway";
import type { HttpServer } from "@parlance/http";
import type { Store } from "@parlance/storage";
import type { Config } from "./config/schema.ts";
import type { Doors } from "./doors.ts";
import type { ExtraListeners } from "./extra-listeners.ts";
import type { FleetMember } from "./fleet.ts";
import type { Asking } from "./hooks.ts";
import { closeListener, keptConnectionsOver, lastAnswers } from "./listener.ts";
import type { Log } from "./log.ts";
import type { MetricsListener } from "./metrics/listener.ts";
import type { Watch } from "./metrics/watch.ts";
import type { MoveParts } from "./move.ts";
import type { RunningWorker } from "./processes/worker-messages.ts";
import type { OpenedRates } from "./rate-store.ts";
import { removeRunningFile } from "./running-file.ts";
import type { SocketIoPart } from "./socketio.ts";
import type { Traces } from "./traces/tracer.ts";
import type { ServerWebhooks } from "./webhooks.ts";

/** What a running server is made of. */
export interface Parts {
  readonly asking: Asking;
  readonly config: Config;
  readonly log: Log;
  readonly watch: Watch;
  /** Absent where nothing is followed. */
  readonly traces?: Traces;
  /** Absent where nobody asks. */
  readonly metrics?: MetricsListener;
  readonly store: Store;
  readonly files: FileStore;
  readonly broker: Broker;
  readonly rates: OpenedRates | undefined;
  readonly node: Node;
  readonly gateway: Gateway;
  readonly streams: EventStreams;
  readonly http: HttpServer;
  readonly server: Server;
  readonly extra: ExtraListeners;
  readonly socketIo: SocketIoPart;
  readonly doors: Doors;
  readonly webhooks: ServerWebhooks;
  readonly fleet: FleetMember;
  readonly life: Life;
  readonly worker: RunningWorker | undefined;
  readonly move: MoveParts;
}

/** Changed by `closeInOrder` alone. */
export interface Life {
  isDraining: boolean;
}

/**
 * The listener stays while clients are sent away, so that those who try to come in are told 503 and when to come
 * back, instead of finding nobody.
 */
export async function closeInOrder(parts: Parts, drainMs: number): Promise<void> {
  const { config, log, store, files, node, gateway, streams, http, server, extra, socketIo, life } =
    parts;
  await parts.move.close();
  log.report("info", "server_draining", { connections: node.counts().connections });
  life.isDraining = true;
  gateway.refuseNew();
  const listeners = [server, ...extra.listeners.map((one) => one.server)];
  const since = performance.now();
  for (const listener of listeners) lastAnswers(listener);
  await Promise.all([parts.doors.close(), parts.webhooks.close(), parts.fleet.close()]);
  await node.drain(drainMs);
  gateway.close();
  await socketIo.socketIo.close();
  streams.close();
  if (config.trusted_proxies.length > 0) {
    await Promise.all(listeners.map((listener) => keptConnectionsOver(listener, since)));
  }
  await Promise.all([closeListener(server), extra.close()]);
  await http.close();
  await node.close();
  await parts.asking.close();
  await parts.rates?.close();
  removeRunningFile(config.data_dir, process.pid);
  await parts.traces?.close();
  await parts.metrics?.close();
  parts.watch.close();
  await files.close();
  await store.close();
  log.report("info", "server_stopped", {});
  log.flush();
}

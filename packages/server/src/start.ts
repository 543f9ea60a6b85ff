/** The composition root: which adapters meet, in which order they start and stop. */
import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import { join } from "node:path";
import { createDocuments, threadedJobs } from "@parlance/collab";
import {
  type Broker,
  createNode,
  exportDocumentState,
  exportOwn,
  type FileStore,
  type Ids,
  importItems,
  type Node,
  traceMessage,
} from "@parlance/core";
import {
  Admission,
  createGateway,
  type Gateway,
  type Origins,
  oneAtATime,
  originCheck,
} from "@parlance/gateway";
import { createHttp } from "@parlance/http";
import { createIdentity, createSignatures } from "@parlance/identity";
import type { RoomId } from "@parlance/protocol";
import type { Store } from "@parlance/storage";
import { switchableStore } from "@parlance/storage/copy";
import { openFileDirectory } from "@parlance/storage/files";
import { connectStore } from "@parlance/storage/remote";
import { openBroker } from "./broker.ts";
import { systemClock } from "./clock.ts";
import { listenEntries } from "./config/listen.ts";
import { ConfigError } from "./config/load.ts";
import { guestsAllowed, unsafeSettings } from "./config/safety.ts";
import type { Config, SettingName } from "./config/schema.ts";
import { mountDialectRoutes } from "./dialect-routes.ts";
import { dialectEndpoints, mmbOptions, pagesOptions, symfonyTrust } from "./dialects.ts";
import { openDoors } from "./doors.ts";
import { type ExtraListeners, type OpenedEndpoint, openExtraListeners } from "./extra-listeners.ts";
import { joinFleet } from "./fleet.ts";
import { type Asking, openAsking } from "./hooks.ts";
import { createIds } from "./ids.ts";
import { mountIncoming } from "./incoming.ts";
import {
  answerNotYet,
  closeListener,
  localUrlOf,
  openListener,
  portOf,
  publicUrlOf,
  SharedPorts,
} from "./listener.ts";
import { createLog, type Log } from "./log.ts";
import { openMetricsListener } from "./metrics/listener.ts";
import { answerOverview } from "./metrics/overview.ts";
import type { Samples } from "./metrics/samples.ts";
import { createWatch, type Watch } from "./metrics/watch.ts";
import { createMoveControl, type MoveParts, removeLeftCapture } from "./move.ts";
import { nodeSettings } from "./node-settings.ts";
import { servePages, servePluginClients } from "./pages.ts";
import { patiently } from "./patience.ts";
import { extensionsOf, frameTypes } from "./plugins.ts";
import { createHandOver, takeHandOvers } from "./processes/hand-over.ts";
import type { RunningWorker } from "./processes/worker-messages.ts";
import { mountPusherHttp, pusherAppOf } from "./pusher-http.ts";
import { type OpenedRates, openRateStore } from "./rate-store.ts";
import { readinessOf } from "./readiness.ts";
import { type StartedBy, writeRunningFile } from "./running-file.ts";
import { type InstallSecret, installSecret } from "./secret.ts";
import { type Embed, embedOf, openSocketIo } from "./socketio.ts";
import { openEventStreams, streamsBefore } from "./sse.ts";
import { closeInOrder, type Life, type Parts } from "./stop.ts";
import { engineOf, isShared, openStore } from "./store.ts";
import { tellListening, tellStore } from "./told-at-start.ts";
import { createTraces } from "./traces/tracer.ts";
import { version } from "./version.ts";
import { serveWebApp } from "./web-app.ts";
import { builtFiles, type WebFiles } from "./web-files.ts";
import { createWebhooks } from "./webhooks.ts";

/** A server that listens. */
export interface ParlanceServer {
  /** Where this machine reaches it, without a slash at the end. */
  readonly url: string;
  /** Where people reach it. */
  readonly publicUrl: string;
  readonly port: number;
  /** Ports of dialects that were opened beside the main one. */
  readonly endpoints: readonly OpenedEndpoint[];
  /** Where Prometheus finds `/metrics`, without a path. Absent: nowhere, or at the primary's. */
  readonly metricsUrl?: string;
  /** What this process has counted. */
  samples(): Promise<Samples>;
  /** File of the secret, if it was made at this start. */
  readonly secretMadeAt?: string;
  /** Resolves when the server stopped, for whatever reason. */
  readonly stopped: Promise<void>;
  /** Resolves, with why, if nothing can be stored any more by this process: it has to be started anew. */
  readonly lost: Promise<string>;
  /**
   * Stops in good order: refuses newcomers, sends clients away over `drain_ms`, lets go of everything. May be
   * called twice; both calls resolve at the end.
   *
   * @param drainMs Instead of the configured time; 0 sends all away at once.
   */
  close(drainMs?: number): Promise<void>;
}

export interface StartOptions {
  readonly log?: Log;
  readonly files?: WebFiles;
  /** Where each setting came from, as `loadConfig` tells: what opens by itself depends on it. */
  readonly sources?: Readonly<Partial<Record<SettingName, string>>>;
  /** Events of an application's own, beside those of the module that the configuration names. */
  readonly embed?: Embed;
  /** Told to other commands of this machine. */
  readonly startedBy?: StartedBy;
  /** Set in a worker of several processes; what belongs to one process is its primary's then. */
  readonly worker?: RunningWorker;
}

const lobby = { room: "general" as RoomId, title: "General" };

/**
 * Starts a server.
 *
 * @throws ConfigError for settings that production mode refuses, DirectoryInUseError, or the system's error from
 *   opening files or listening. Nothing is left open then. `describeStartFailure` puts it into words.
 */
export async function startServer(
  config: Config,
  options: StartOptions = {},
): Promise<ParlanceServer> {
  const refused = unsafeSettings(config);
  if (refused.length > 0) throw new ConfigError(refused);
  const log = options.log ?? createLog(config);
  const secret = await installSecret(config);
  const { worker } = options;
  const watch = createWatch();
  const opened: (() => Promise<void> | void)[] = [() => watch.close()];
  try {
    const store = switchableStore(
      await (worker?.storePath === undefined ? openStore(config) : connectStore(worker.storePath)),
      watch.watchCalls,
    );
    opened.unshift(() => store.close());
    const isWorker = worker !== undefined;
    const move = createMoveControl({ config, store, report: log.report, isWorker });
    opened.unshift(() => move.close());
    if (worker === undefined || worker.number === 1) await removeLeftCapture(config);
    const files = await openFileDirectory({
      directory: config.files_dir ?? join(config.data_dir, "files"),
    });
    opened.unshift(() => files.close());
    // First, since the system may choose the port, and the origin of our own pages contains it.
    const shared = worker && new SharedPorts(worker.sharing);
    const server = await openListener(config, log.report, shared);
    opened.unshift(() => closeListener(server));
    const extra = await openExtraListeners(
      worker?.entries ?? listenEntries(config, options.sources ?? {}),
      config,
      log.report,
      shared,
    );
    opened.unshift(() => extra.close());
    const nodeId = randomUUID();
    const { installId } = store;
    const broker = await openBroker(config, {
      installId,
      nodeId,
      report: log.report,
      board: () => store.presence,
    });
    opened.unshift(() => broker.close());
    const ids = createIds(systemClock.now);
    const asking = await openAsking(config, { report: log.report, ids, secret });
    opened.unshift(() => asking.close());
    const rates = await openRateStore(config, store, isWorker);
    if (rates !== undefined) opened.unshift(() => rates.close());
    const parts = await assemble({
      ids,
      asking,
      config,
      log,
      store,
      files,
      broker,
      rates,
      nodeId,
      server,
      extra,
      secret,
      options,
      move,
      watch,
    });
    opened.unshift(() => parts.webhooks.close());
    opened.unshift(() => parts.doors.close());
    opened.unshift(() => parts.fleet.close());
    // Before it takes anybody in: who asks all nodes must not leave this one out.
    await parts.fleet.begin();
    for (const { server: listener, port } of [{ server, port: config.port }, ...extra.listeners]) {
      listener.off("request", answerNotYet);
      const routing = streamsBefore(parts.streams, parts.http.routing);
      const whole = listener === server ? parts.socketIo.routing(routing) : routing;
      listener.on("request", oneAtATime(whole));
      parts.gateway.attach(listener, port);
    }
    const handedOver = worker?.handOverPaths[worker.number - 1];
    if (handedOver !== undefined) opened.unshift(await takeHandOvers(server, handedOver));
    await shared?.open();
    const place = worker === undefined ? config.metrics_listen : undefined;
    const metrics = place && (await openMetricsListener(place, watch.samples, log.report));
    return announce(metrics ? { ...parts, metrics } : parts, secret, options.startedBy);
  } catch (error) {
    for (const close of opened) await close();
    throw error;
  }
}

async function assemble(given: {
  readonly ids: Ids;
  readonly asking: Asking;
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly files: FileStore;
  readonly broker: Broker;
  readonly rates: OpenedRates | undefined;
  readonly nodeId: string;
  readonly server: Server;
  readonly extra: ExtraListeners;
  readonly secret: InstallSecret;
  readonly options: StartOptions;
  readonly move: MoveParts;
  readonly watch: Watch;
}): Promise<Parts> {
  const { config, log, store, files, broker, nodeId, server, extra, secret, ids, asking } = given;
  const clock = systemClock;
  const allowsGuests = guestsAllowed(config);
  const life: Life = { isDraining: false };
  const identity = createIdentity({
    log: store.log,
    directory: store.directory,
    clock,
    report: log.report,
    ids,
    secrets: [secret.secret, ...config.previous_secrets],
    issuers: config.jwt_issuers,
    guestsAllowed: allowsGuests,
    attemptsPerMinute: config.sign_ins_per_minute,
  });
  const traces = createTraces(config, nodeId, { report: log.report, clock: systemClock });
  const pusherApp = pusherAppOf(config);
  const documents = createDocuments(threadedJobs());
  const node = createNode(
    {
      ...(traces === undefined ? {} : { tracer: traces.tracer }),
      onCommitted: (room) => webhooks.committed(room),
      onUnkept: (fact) => webhooks.unkept(fact),
      nodeId,
      log: store.log,
      directory: store.directory,
      broker,
      documents,
      authenticator: identity.authenticator,
      tickets: identity.tickets,
      clock,
      ids,
      report: log.report,
      nodes: () => fleet.nodes(),
      hooks: asking.hooks,
      ...(pusherApp === undefined ? {} : { signatures: createSignatures(pusherApp) }),
      ...(asking.moments === undefined ? {} : { moments: asking.moments }),
      ...(given.rates && { rateStore: given.rates.store }),
    },
    nodeSettings(config),
    {
      store: files,
      index: store.files,
      maxFileBytes: config.file_bytes,
      quotaBytes: config.file_quota_bytes,
    },
  );
  const webhooks = createWebhooks({
    config,
    store,
    broker,
    nodeId,
    present: () => node.present(),
    askAll: (question, detail, asking) => node.askAll(question, detail, asking),
    isAlone: !isShared(config) && given.options.worker === undefined,
    ids,
    report: log.report,
  });
  const limits = {
    maxConnections: config.max_connections,
    maxConnectionsPerAddress: config.connections_per_address,
    heartbeatMs: config.heartbeat_ms,
  };
  const admission = new Admission(limits);
  const { tickets } = identity;
  const streams = openEventStreams({ config, node, admission, ids, report: log.report });
  const socketIo = openSocketIo(config, {
    node,
    clock,
    report: log.report,
    gateway: () => gateway,
    handOver: given.options.worker && createHandOver(given.options.worker),
  });
  const origins: Origins = {
    allowed: [
      ...config.origins,
      new URL(publicUrlOf(config, server)).origin,
      ...(config.null_origin ? ["null"] : []),
    ],
    allowLoopback: config.mode === "development",
  };
  const gateway: Gateway = createGateway({
    node,
    clock,
    report: log.report,
    endpoints: [
      ...dialectEndpoints(config, extra.endpoints, frameTypes(asking.plugins)),
      socketIo.endpoint,
    ],
    origins,
    compression: config.compression,
    trustedProxies: config.trusted_proxies,
    limits,
    admission,
  });
  const fleet = joinFleet({
    nodeId,
    fleet: () => store.fleet,
    url: () => localUrlOf(config, server),
    connections: () => node.counts().connections,
    report: log.report,
  });
  const http = await createHttp({
    node: viaHttp(node),
    authenticator: identity.authenticator,
    accounts: identity.accounts,
    keys: identity.keys,
    users: identity.users,
    rooms: store.directory,
    pictures: store.directory,
    files,
    move: given.move,
    exportOwn: (user) => exportOwn(store.directory, user),
    exportDocumentState: (room, before) =>
      exportDocumentState({ log: store.log, directory: store.directory, documents }, room, before),
    importer: (items, isTrial) =>
      importItems(
        {
          log: store.log,
          directory: store.directory,
          files: store.files,
          clock,
          documents,
        },
        items,
        isTrial,
      ),
    webhooks: webhooks.admin,
    nodes: () => fleet.nodes(),
    extensions: extensionsOf(asking.plugins),
    traceMessage: (ref) =>
      traceMessage(
        { log: store.log, directory: store.directory, node, webhooks: webhooks.admin },
        ref,
      ),
    tickets,
    clock,
    ids,
    report: log.report,
    ...(traces === undefined ? {} : { prepare: traces.follow }),
    answered: given.watch.answered,
    readiness: async () =>
      readinessOf(store, broker, node.ratesAreShared(), life.isDraining, given.options.worker),
    signUpAllowed: config.sign_up === "open",
    guestsAllowed: allowsGuests,
    allowsOrigin: originCheck(origins).allows,
    trustedProxies: config.trusted_proxies,
    publicUrl: publicUrlOf(config, server),
    version,
  });
  mountDialectRoutes(http, {
    node: viaHttp(node),
    accounts: identity.accounts,
    authenticator: identity.authenticator,
    users: store.directory,
    clock,
    ids,
    mmb: mmbOptions(config),
    signUpAllowed: config.sign_up === "open",
    symfonyTrust: symfonyTrust(config),
  });
  if (pusherApp !== undefined) {
    mountPusherHttp(http, { app: pusherApp, node: viaHttp(node), clock, report: log.report });
  }
  mountIncoming(http, {
    node,
    authenticator: identity.authenticator,
    clock,
    ids,
    report: log.report,
  });
  servePages(http, pagesOptions(config));
  servePluginClients(http, asking.plugins);
  await serveWebApp(http, given.options.files ?? builtFiles);
  await patiently(async () => {
    const { room, title } = lobby;
    await store.log.open(room, { kind: "public", title, createdAt: clock.now() });
  });
  for (const embed of [await embedOf(config), given.options.embed]) {
    await embed?.({ io: socketIo.socketIo.io });
  }
  await patiently(() => node.start());
  asking.begin(node);
  await http.ready();
  const doors = await openDoors({
    config,
    node,
    store,
    nodeId,
    isAlone: !isShared(config) && given.options.worker === undefined,
    report: log.report,
  });
  const { watch } = given;
  const watched = {
    node,
    broker,
    store,
    doors,
    hooks: asking.asked,
    webhooks: () => webhooks.views(),
    isDraining: () => life.isDraining,
    database: engineOf(config),
    brokerKind: config.broker_url.split(":", 1)[0] ?? "",
  };
  watch.begin(watched);
  answerOverview({
    ...watched,
    samples: watch.samples,
    history: watch.history,
    url: () => localUrlOf(config, server),
    worker: given.options.worker?.number,
  });
  await webhooks.begin();
  return {
    asking,
    config,
    log,
    watch,
    ...(traces === undefined ? {} : { traces }),
    store,
    files,
    broker,
    rates: given.rates,
    node,
    gateway,
    streams,
    http,
    server,
    extra,
    socketIo,
    doors,
    webhooks,
    fleet,
    life,
    worker: given.options.worker,
    move: given.move,
  };
}

/** The node as those see it who come by HTTP. */
function viaHttp(
  node: Node,
): Pick<Node, "execute" | "spend" | "rate" | "connections" | "askAll" | "stateHere"> {
  return {
    execute: (identity, command, cause) =>
      node.execute(identity, command, { via: "http", ...cause }),
    spend: (identity, cost) => node.spend(identity, cost),
    rate: (identity, cost) => node.rate(identity, cost),
    connections: () => node.connections(),
    askAll: (question, detail, asking) => node.askAll(question, detail, asking),
    stateHere: (user) => node.stateHere(user),
  };
}

function announce(parts: Parts, secret: InstallSecret, start?: StartedBy): ParlanceServer {
  const { config, log, server, store, worker } = parts;
  const url = localUrlOf(config, server);
  const publicUrl = publicUrlOf(config, server);
  // Of a store that the primary has the primary tells.
  if (worker?.storePath === undefined) tellStore(store, log);
  if (worker === undefined) {
    writeRunningFile(config.data_dir, { url, ...(start && { start }) });
    tellListening(config, log, { url, publicUrl, secret });
  }

  const { promise: stopped, resolve: markStopped } = Promise.withResolvers<void>();
  let closing: Promise<void> | undefined;
  return {
    url,
    publicUrl,
    port: portOf(server),
    endpoints: parts.extra.opened,
    ...(parts.metrics === undefined ? {} : { metricsUrl: parts.metrics.url }),
    samples: () => parts.watch.samples(),
    ...(secret.madeAt === undefined ? {} : { secretMadeAt: secret.madeAt }),
    stopped,
    lost: store.lost,
    close(drainMs = config.drain_ms) {
      closing ??= closeInOrder(parts, drainMs).finally(markStopped);
      return closing;
    },
  };
}

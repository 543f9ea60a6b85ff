/** What the application is asked: over HTTP where the configuration names an address, and in its plug-ins. */
import type { Hooks, Ids, Moments, Node, Report } from "@parlance/core";
import {
  combineHooks,
  createActing,
  createConnectHook,
  createJoinHook,
  createPublishHook,
  createRpcHook,
  environmentOfPlugins,
  type HookView,
  type HttpHookOptions,
  type Manifest,
  openPlugins,
  PluginError,
} from "@parlance/hooks";
import { systemClock } from "./clock.ts";
import { ConfigError } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import type { InstallSecret } from "./secret.ts";

/** The application, as a server is put together with it. */
export interface Asking {
  readonly hooks: Hooks;
  readonly moments?: Moments;
  readonly plugins: readonly Manifest[];
  /** What became of the questions, hook by hook. */
  readonly asked: readonly HookView[];
  /** From now on plug-ins can act. */
  begin(node: Node): void;
  /** Ends the plug-ins. */
  close(): Promise<void>;
}

/** @throws ConfigError for a plug-in that cannot be taken. */
export async function openAsking(
  config: Config,
  ports: { readonly report: Report; readonly ids: Ids; readonly secret: InstallSecret },
): Promise<Asking> {
  const { report, ids } = ports;
  const asked: HookView[] = [];
  const watch = (view: HookView): void => {
    asked.push(view);
  };
  let started: Node | undefined;
  const execute = createActing(() => started, ids);
  try {
    const plugins = await openPlugins(config.plugins, {
      environment: environmentOfPlugins(process.env, config.plugin_environment),
      clock: systemClock,
      report,
      execute,
      watch,
    });
    return {
      hooks: combineHooks(httpHooks(config, { ...ports, watch }), plugins.hooks),
      ...(plugins.moments === undefined ? {} : { moments: plugins.moments }),
      plugins: plugins.manifests,
      asked,
      begin: (node) => {
        started = node;
      },
      close: () => plugins.close(),
    };
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    throw new ConfigError([`PARLANCE_PLUGINS: ${error.path} cannot be taken: ${error.message}`]);
  }
}

function httpHooks(
  config: Config,
  ports: {
    readonly report: Report;
    readonly secret: InstallSecret;
    readonly watch: (view: HookView) => void;
  },
): Hooks {
  const { report, watch } = ports;
  const options = (name: HookName): HttpHookOptions | undefined => {
    const url = config[`${name}_hook_url`];
    if (url === undefined) return undefined;
    return {
      url,
      secret: config[`${name}_hook_secret`] ?? ports.secret.secret,
      timeoutMs: config[`${name}_hook_timeout_ms`],
      atOnce: config.hooks_at_once,
      clock: systemClock,
      report,
      watch,
    };
  };
  const connect = options("connect");
  const join = options("join");
  const publish = options("publish");
  const rpc = options("rpc");
  return {
    ...(connect && createConnectHook({ ...connect, fallback: config.connect_hook_fallback })),
    ...(join && {
      join: createJoinHook({
        ...join,
        fallback: config.join_hook_fallback,
        rooms: config.join_hook_rooms,
        rememberMs: config.join_hook_remember_ms,
      }),
    }),
    ...(publish && {
      publish: createPublishHook({
        ...publish,
        fallback: config.publish_hook_fallback,
        rooms: config.publish_hook_rooms,
        backEnds: config.publish_hook_back_ends,
      }),
    }),
    ...(rpc && createRpcHook(rpc)),
  };
}

type HookName = "connect" | "join" | "publish" | "rpc";

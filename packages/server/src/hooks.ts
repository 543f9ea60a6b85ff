import type { Hooks, NodePorts, Report } from "@parlance/core";
import {
  createConnectHook,
  createJoinHook,
  createPublishHook,
  createRpcHook,
  type HttpHookOptions,
} from "@parlance/hooks";
import { systemClock } from "./clock.ts";
import type { Config } from "./config/schema.ts";
import type { InstallSecret } from "./secret.ts";

/** The questions that the application answers, where the configuration names where it listens. */
export function hooksOf(
  config: Config,
  report: Report,
  { secret }: InstallSecret,
): Pick<NodePorts, "hooks"> {
  const options = (name: HookName): HttpHookOptions | undefined => {
    const url = config[`${name}_hook_url`];
    if (url === undefined) return undefined;
    return {
      url,
      secret: config[`${name}_hook_secret`] ?? secret,
      timeoutMs: config[`${name}_hook_timeout_ms`],
      atOnce: config.hooks_at_once,
      clock: systemClock,
      report,
    };
  };
  const connect = options("connect");
  const join = options("join");
  const publish = options("publish");
  const rpc = options("rpc");
  const hooks: Hooks = {
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
  return Object.keys(hooks).length === 0 ? {} : { hooks };
}

type HookName = "connect" | "join" | "publish" | "rpc";

/** Questions to the application: over signed HTTP, and in plug-ins. */
export { combineHooks } from "./combine.ts";
export type { HttpHookOptions } from "./http/application.ts";
export { type ConnectHookOptions, createConnectHook } from "./http/connect.ts";
export { createJoinHook, type JoinHookOptions } from "./http/join.ts";
export { createPublishHook, type PublishHookOptions } from "./http/publish.ts";
export { createRpcHook } from "./http/rpc.ts";
export { createActing } from "./plugins/acting.ts";
export { environmentOfPlugins } from "./plugins/environment.ts";
export type { CommandManifest, Manifest } from "./plugins/messages.ts";
export { openPlugins, PluginError, type Plugins } from "./plugins/plugins.ts";
export { signatureField, signRequest } from "./sign.ts";
export type { HookView } from "./silence.ts";

/** The composition root's door: configuration, start and stop, and what commands on the same machine need. */
export type { KeyScope } from "@parlance/core";
export type { SpooledFile, SpoolPart, SpoolPlace } from "@parlance/doors/spool";
export type { MoveView } from "@parlance/http";
export type { BackupContent, CopyProgress, Restored } from "@parlance/storage/copy";
export type { BackupRequest, RestoreRequest } from "./backup.ts";
export { systemClock } from "./clock.ts";
export { listenEntries } from "./config/listen.ts";
export type { ForeignUse, LoadedConfig, LoadOptions, Source } from "./config/load.ts";
export { ConfigError, loadConfig } from "./config/load.ts";
export {
  guestsAllowed,
  isPublic,
  nullOriginAllowed,
  trustedDialects,
  unsafeSettings,
} from "./config/safety.ts";
export type {
  Config,
  DialectName,
  JsonDialectName,
  ListenEntry,
  Setting,
  SettingName,
} from "./config/schema.ts";
export { settings } from "./config/schema.ts";
export { shownValue } from "./config/show.ts";
export type { Finding } from "./doctor/finding.ts";
export type { LocalToken } from "./local-token.ts";
export type { Log } from "./log.ts";
export { createLog, logFileOf, logLevelOf } from "./log.ts";
export { type Metric, metricNames, metricOf } from "./metrics/table.ts";
export type { Offline } from "./offline.ts";
export {
  backUp,
  clearRefused,
  examineInstall,
  inspectSpool,
  openOffline,
  restore,
  retrySpooled,
  signLocalToken,
  startProcesses,
  startServer,
  takeMoveBack,
} from "./on-demand.ts";
export type { PagesOptions, PlaygroundDialect } from "./pages.ts";
export { processCount } from "./processes/process-count.ts";
export type { ProcessesOptions } from "./processes/start-processes.ts";
export type { RunningServer, StartedBy } from "./running-file.ts";
export { processOf, readRunningFile, removeRunningFile } from "./running-file.ts";
export type { InstallSecret } from "./secret.ts";
export { installSecret } from "./secret.ts";
export type { Embed, EmbedHost } from "./socketio.ts";
export { spoolDirectory } from "./spool-directory.ts";
export type { ParlanceServer, StartOptions } from "./start.ts";
export { describeStartFailure } from "./start-failure.ts";
export { type SchemaStatus, schemaStatus, storeName } from "./store.ts";
export { supervise } from "./supervise.ts";
export { version } from "./version.ts";
export { builtFiles, hasWebApp } from "./web-files.ts";

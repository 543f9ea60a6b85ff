export { check } from "./checker.ts";
export {
  type ClientOptions,
  codeOf,
  type Door,
  RecordingClient,
} from "./client.ts";
export { type BrokerName, brokers, Cluster, type ClusterOptions } from "./cluster.ts";
export {
  createDatabase,
  type DatabaseSession,
  type Engine,
  type InstallDatabase,
  type Records,
  readEverything,
} from "./database.ts";
export type * from "./history.ts";
export type { Frame } from "./line.ts";
export { type MessageFaults, MessageRelay } from "./message-relay.ts";
export { makeNextVersion, type NextVersion } from "./next-version.ts";
export { ClusterNode, type Readiness } from "./node.ts";
export { signToken } from "./sign-token.ts";

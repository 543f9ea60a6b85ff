/** Suites that every adapter of a port passes. Only for test files: they register tests with the runner. */
export {
  type BrokerHarness,
  type BrokerPlace,
  describeBroker,
} from "./broker.ts";
export { ephemeralNotices } from "./broker-notices.ts";
export { describeDirectory } from "./directory.ts";
export { describeFileIndex } from "./file-index.ts";
export { contentOf, describeFileStore, type FileStoreHarness } from "./file-store.ts";
export {
  message,
  publicRoom,
  roomId,
  type StartStore,
  type StoreBeside,
  type StoreHarness,
  someTime,
  stored,
  textsOf,
  userId,
} from "./harness.ts";
export { describeRateStore, type RateStoreHarness } from "./rate-store.ts";
export { describeRoomLog } from "./room-log.ts";
export { describeWebhooks, type WebhookHarness } from "./webhooks.ts";

export * from "./authorize.ts";
export * from "./chain.ts";
export { isClaimOf } from "./commands/enter.ts";
export type { PublishTask, ShownAs } from "./commands/publish.ts";
export { nobodyAnswers } from "./commands/rpc.ts";
export { connectionQuestions, maxListed, readConnectionReport } from "./connection-list.ts";
export { defaultSettings } from "./default-settings.ts";
export { directoryTerms } from "./directory-words.ts";
export { exportDocumentState } from "./document-lines.ts";
export { harmlessFileName, harmlessMediaType } from "./file-name.ts";
export { wireUser } from "./frames.ts";
export type * from "./gate.ts";
export type {
  AppendSeen,
  DeliverySeen,
  Remembered,
} from "./happenings.ts";
export { durationBoundsMs, Histogram, type HistogramView } from "./histogram.ts";
export { type ImportPorts, type ImportResult, importItems } from "./imports.ts";
export { kindByName } from "./kinds.ts";
export { type MessageTrace, type SeenAt, traceMessage } from "./message-trace.ts";
export { createNode } from "./node.ts";
export {
  type Occupancy,
  occupancyQuestions,
  readConnectionCount,
  readOccupants,
  readOccupied,
} from "./occupancy.ts";
export { onlineQuestion, readOnline } from "./online.ts";
export { exportOwn } from "./own-state.ts";
export type * from "./ports/index.ts";
export { everywhere } from "./ports/preferences.ts";
export {
  mayBeTriedAgain,
  type PublicationResult,
  publishEverywhere,
  readPublication,
  roomsOfPublication,
} from "./publication.ts";
export { networkOf } from "./rates/network.ts";
export { RateLimit } from "./rates/rate-limit.ts";
export type { RateView } from "./rates/rates.ts";
export { labelOf as rateLabel, presetRates, type RateCost, type RateRule } from "./rates/rules.ts";
export { createMemoryRateStore, fullAt, type SharedBucket, takeShare } from "./rates/shares.ts";
export { isRoomPattern, matchesAny } from "./room-pattern.ts";
export { RoomTurns } from "./room-turns.ts";
export * from "./search/index.ts";
export * from "./storage-error.ts";
export { add, type NodeTally } from "./tally.ts";

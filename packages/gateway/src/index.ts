export type { AdmissionLimits } from "./admission.ts";
export { Admission } from "./admission.ts";
export type {
  DialectEndpoint,
  Endpoint,
  HandedUpgrade,
  HandlerEndpoint,
  UpgradeHandler,
} from "./endpoints.ts";
export { deflateWire, plainWire } from "./frames.ts";
export type { Admitted, Examined, Gateway, GatewayLimits, GatewayOptions } from "./gateway.ts";
export { createGateway, defaultGatewayLimits } from "./gateway.ts";
export type { HttpTimes } from "./harden.ts";
export { defaultHttpTimes, hardenHttpServer, maxHeaderBytes } from "./harden.ts";
export { oneAtATime } from "./one-request.ts";
export type { OriginCheck, Origins } from "./origin.ts";
export { isLoopback, originCheck } from "./origin.ts";
export { isForwarded } from "./peer-address.ts";
export type { Refusal } from "./refuse.ts";
export type { EventStreams, EventStreamsOptions } from "./sse/event-streams.ts";
export { createEventStreams } from "./sse/event-streams.ts";

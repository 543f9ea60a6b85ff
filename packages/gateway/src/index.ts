export type {
  DialectEndpoint,
  Endpoint,
  HandedUpgrade,
  HandlerEndpoint,
  UpgradeHandler,
} from "./endpoints.ts";
export { deflateWire, plainWire } from "./frames.ts";
export type { Admission, Examined, Gateway, GatewayLimits, GatewayOptions } from "./gateway.ts";
export { createGateway, defaultGatewayLimits } from "./gateway.ts";
export type { HttpTimes } from "./harden.ts";
export { defaultHttpTimes, hardenHttpServer, maxHeaderBytes } from "./harden.ts";
export type { Origins } from "./origin.ts";
export { isLoopback } from "./origin.ts";
export type { Refusal } from "./refuse.ts";

/** For back ends: publishing, tokens for their users, the script element that their pages print, and requests of hooks. */
export type { ClientScriptOptions, Features } from "./client-script.ts";
export { getClientScript } from "./client-script.ts";
export type { Ended, OpenMessage, OpenOptions, OpenTarget } from "./open-message.ts";
export type {
  ItemReport,
  Publication,
  PublishReport,
  RoomResult,
  ServerError,
  Stored,
  Target,
} from "./publication.ts";
export { PublishError, type PublishFailure } from "./publish-error.ts";
export {
  createPublisher,
  type Publisher,
  type PublisherOptions,
  type SendNotification,
} from "./publisher.ts";
export type { TokenClaims, TokenOptions } from "./token.ts";
export { generateToken, validateToken } from "./token.ts";
export { verifyRequest } from "./verify-request.ts";

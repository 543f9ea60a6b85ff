/** Webhooks: what the server tells applications. */
export { createWebhookAdmin, type WebhookAdminOptions } from "./admin.ts";
export type { WebhookTally } from "./deliverer.ts";
export {
  type Dispatcher,
  type DispatcherOptions,
  openDispatcher,
  type Turn,
  type WebhookQueueCounts,
  type WebhookView,
} from "./dispatcher.ts";
export { type WebhookEvent, webhookEventTypes } from "./events.ts";
export type { FormattedRequest, WebhookFormat, WebhookFormats } from "./format.ts";
export type { WebhookLag } from "./looks.ts";
export { signatureField, signRequest } from "./sign.ts";
export { readSlack, type SlackMessage, type SlackRefusal } from "./slack.ts";

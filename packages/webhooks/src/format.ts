/** How a receiver is told, where it is one that knows another system's webhooks. */
import type { WebhookEvent } from "./events.ts";

/** What goes over the wire. */
export interface FormattedRequest {
  readonly body: string;
  /** Beside those of every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Another system's webhooks. Pure. */
export interface WebhookFormat {
  /** What of these it has words for, in their order. Where it has none nothing is sent, and they count as taken. */
  translate(events: readonly WebhookEvent[]): readonly object[];
  /** @param now Milliseconds since 1970. */
  request(translated: readonly object[], now: number): FormattedRequest;
}

/** The formats by the ids of the webhooks that have one; all others are told in our own way. */
export type WebhookFormats = ReadonlyMap<string, WebhookFormat>;

/** Schemas of bodies and answers about webhooks. What a name, an address or a pattern may be is the webhooks' own to say. */
import { fields, type RoomId, type Sequence } from "@parlance/protocol";
import { z } from "zod";
import { queryNumber } from "./schemas.ts";

const time = z.iso.datetime();
const text = z.string().min(1).max(2_048);
const patterns = z.array(z.string().min(1).max(128)).min(1).max(100);

export const webhookParams: z.ZodType<{ id: string }> = z.object({
  id: z.string().regex(/^[0-9a-z_]{1,64}$/),
});

export interface WebhookBody {
  name: string;
  url: string;
  events?: string[];
  rooms?: string[];
  secret?: string;
}
export const webhookBody: z.ZodType<WebhookBody> = z
  .object({
    name: text,
    url: text,
    events: patterns.exactOptional(),
    rooms: patterns.exactOptional(),
    secret: z.string().min(16).max(200).exactOptional(),
  })
  .meta({ id: "NewWebhook" });

export interface IncomingBody {
  name: string;
  room: RoomId;
  channels?: string[];
  display_name?: string;
}
export const incomingBody: z.ZodType<IncomingBody> = z
  .object({
    name: z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/),
    room: fields.roomId,
    channels: patterns.exactOptional(),
    display_name: fields.displayName.exactOptional(),
  })
  .meta({ id: "NewIncomingWebhook" });

export interface ReplayBody {
  room?: RoomId;
  after?: Sequence;
  since?: string;
}
export const replayBody: z.ZodType<ReplayBody> = z
  .object({
    room: fields.roomId.exactOptional(),
    after: fields.sequence.exactOptional(),
    since: z.iso.datetime({ offset: true }).exactOptional(),
  })
  .refine((body) => (body.after === undefined) !== (body.since === undefined), {
    message: "either after or since",
    path: ["after"],
  })
  .meta({ id: "Replay" });

export interface RetryBody {
  number?: number;
}
export const retryBody: z.ZodType<RetryBody> = z
  .object({ number: z.int().min(1).exactOptional() })
  .meta({ id: "Retry" });

export interface DeadQuery {
  after?: number;
  limit?: number;
}
export const deadQuery: z.ZodType<DeadQuery> = z.object({
  after: queryNumber(z.int().min(0)).exactOptional(),
  limit: queryNumber(fields.pageLimit).exactOptional(),
});

const view = z
  .object({
    id: z.string(),
    name: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    rooms: z.array(z.string()),
    created_at: time,
    paused_because: z.string().exactOptional(),
    last_success_at: time.exactOptional(),
    last_error: z.string().exactOptional(),
    last_error_at: time.exactOptional(),
  })
  .meta({ id: "Webhook" });

const incoming = z
  .object({
    id: z.string(),
    name: z.string(),
    room: z.string(),
    channels: z.array(z.string()),
    created_at: time,
    revoked: z.boolean(),
  })
  .meta({ id: "IncomingWebhook" });
export const incomingList: z.ZodType = z
  .object({ incoming: z.array(incoming) })
  .meta({ id: "IncomingWebhookList" });
/** The only answer that has the address. `path` is to be put behind the install's own. */
export const newIncoming: z.ZodType = z
  .object({ incoming, path: z.string() })
  .meta({ id: "NewIncomingWebhookAnswer" });

export const webhookList: z.ZodType = z
  .object({ webhooks: z.array(view) })
  .meta({ id: "WebhookList" });
/** The only answer that has a webhook's secret. */
export const newWebhook: z.ZodType = z
  .object({ webhook: view, secret: z.string() })
  .meta({ id: "NewWebhookAnswer" });
export const webhookStatus: z.ZodType = z
  .object({
    webhook: view,
    lag: z.object({
      rooms: z.int(),
      events: z.int(),
      is_more: z.boolean(),
      oldest_at: time.exactOptional(),
    }),
    dead: z.int(),
  })
  .meta({ id: "WebhookStatus" });
/** `reason`: what the receiver did instead, in words to put behind "the receiver". */
export const testAnswer: z.ZodType = z
  .object({ taken: z.boolean(), reason: z.string().exactOptional() })
  .meta({ id: "WebhookTest" });
export const deadList: z.ZodType = z
  .object({
    dead: z.array(
      z.object({
        number: z.int(),
        id: z.string(),
        type: z.string(),
        room: z.string().exactOptional(),
        epoch: z.string().exactOptional(),
        sequence: z.int().exactOptional(),
        given_up_at: time,
        reason: z.string(),
      }),
    ),
    next: z.int().exactOptional(),
  })
  .meta({ id: "DeadLetters" });
export const retried: z.ZodType = z.object({ retried: z.int() }).meta({ id: "Retried" });
export const replayed: z.ZodType = z.object({ rooms: z.int() }).meta({ id: "Replayed" });

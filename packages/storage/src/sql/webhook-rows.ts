/** Rows of webhooks in SQL that all engines understand, and what is made of them. */
import type { WebhookBehind, WebhookDelivery, WebhookRecord, Webhooks } from "@parlance/core";
import type { Epoch, RoomId, RoomKind } from "@parlance/protocol";
import type { Steps } from "./statements.ts";

/** The methods as work: the same names, without waiting. */
export type Work<N extends keyof Webhooks> = {
  readonly [M in N]: (...args: Parameters<Webhooks[M]>) => Steps<Awaited<ReturnType<Webhooks[M]>>>;
};

export type WebhookReadName =
  | "webhooks"
  | "webhookBehind"
  | "webhookQueue"
  | "deadDeliveries"
  | "webhookCounts"
  | "webhookProgress";
export type WebhookWriteName = Exclude<keyof Webhooks, WebhookReadName>;

export const installPart = `(SELECT value FROM {meta} WHERE name = 'install_part')`;

/** What a selection of `installPart` as `part` gives. */
export interface InstallRow {
  readonly part: string | Uint8Array;
}

export function textOf(value: string | Uint8Array): string {
  return typeof value === "string" ? value : Buffer.from(value).toString("latin1");
}

export interface WebhookRow {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly secret: string;
  readonly events: string;
  readonly rooms: string;
  readonly paused_because: string | null;
  readonly created_at: number;
  readonly last_success_at: number | null;
  readonly last_error: string | null;
  readonly last_error_at: number | null;
}

export function webhookOf(row: WebhookRow): WebhookRecord {
  const { id, name, url, secret } = row;
  return {
    id,
    name,
    url,
    secret,
    events: JSON.parse(row.events) as string[],
    rooms: JSON.parse(row.rooms) as string[],
    createdAt: row.created_at,
    ...(row.paused_because === null ? {} : { pausedBecause: row.paused_because }),
    ...(row.last_success_at === null ? {} : { lastSuccessAt: row.last_success_at }),
    ...(row.last_error === null ? {} : { lastError: row.last_error }),
    ...(row.last_error_at === null ? {} : { lastErrorAt: row.last_error_at }),
  };
}

export interface BehindRow {
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly epochPart: string;
  readonly head: number;
  readonly floor: number;
  readonly placeEpoch: Epoch | null;
  readonly place: number | null;
  readonly waitingSince: number | null;
}

export function behindOf(row: BehindRow, installPart: string): WebhookBehind {
  const epoch = `${installPart}.${row.epochPart}` as Epoch;
  return {
    room: row.room,
    kind: row.kind,
    epoch: row.placeEpoch ?? "",
    place: row.place ?? 0,
    now: { epoch, head: row.head, floor: row.floor },
    ...(row.waitingSince === null ? {} : { waitingSince: row.waitingSince }),
  };
}

export interface DeliveryRow {
  readonly number: number;
  readonly room: RoomId | "";
  readonly event_id: string;
  readonly type: string;
  readonly epoch: Epoch | null;
  readonly place: number | null;
  readonly body: string | null;
  readonly queued_at: number;
  readonly dead_at: number | null;
  readonly reason: string | null;
}

export const deliverySelect = `SELECT number, room, event_id, type, epoch, place, body, queued_at, dead_at, reason
  FROM {webhook_deliveries}`;

export function deliveryOf(row: DeliveryRow): WebhookDelivery {
  const { number, room, event_id: id, type, epoch, place, body } = row;
  return {
    number,
    room,
    id,
    type,
    content: epoch === null ? { body: body ?? "" } : { epoch, sequence: place ?? 0 },
    queuedAt: row.queued_at,
    ...(row.dead_at === null ? {} : { dead: { at: row.dead_at, reason: row.reason ?? "" } }),
  };
}

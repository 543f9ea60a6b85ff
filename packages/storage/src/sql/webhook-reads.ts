/** What of webhooks is only read. */
import type { RoomKind } from "@parlance/protocol";
import { all, first } from "./statements.ts";
import {
  type BehindRow,
  behindOf,
  type DeliveryRow,
  deliveryOf,
  deliverySelect,
  type InstallRow,
  installPart,
  textOf,
  type WebhookReadName,
  type WebhookRow,
  type Work,
  webhookOf,
} from "./webhook-rows.ts";

/** What only reads. */
export const webhookReads: Work<WebhookReadName> = {
  *webhooks() {
    return (yield* all<WebhookRow>("SELECT * FROM {webhooks} ORDER BY created_at, id")).map(
      webhookOf,
    );
  },

  *webhookBehind({ webhook, from, upTo, limit }) {
    const install = textOf((yield* first<InstallRow>(`SELECT ${installPart} AS part`))?.part ?? "");
    const rows = yield* all<BehindRow>(
      `SELECT r.room, r.kind, r.epoch_part AS "epochPart", r.head, r.floor,
         p.epoch AS "placeEpoch", p.place, e.time AS "waitingSince"
       FROM {rooms} r
       LEFT JOIN {webhook_places} p ON p.webhook = ? AND p.room = r.room
       LEFT JOIN {events} e ON e.room = r.room AND e.sequence = coalesce(p.place, 0) + 1
       WHERE r.room >= ? ${upTo === undefined ? "" : "AND r.room <= ?"}
         AND (r.head <> coalesce(p.place, 0) OR (p.epoch <> '' AND p.epoch <> replace(?, '*', r.epoch_part)))
       ORDER BY r.room LIMIT ?`,
      webhook,
      from,
      ...(upTo === undefined ? [] : [upTo]),
      `${install}.*`,
      limit,
    );
    return rows.map((row) => behindOf(row, install));
  },

  *webhookQueue(webhook, limit) {
    const rows = yield* all<DeliveryRow>(
      `${deliverySelect} WHERE webhook = ? AND dead_at IS NULL ORDER BY number LIMIT ?`,
      webhook,
      limit,
    );
    return rows.map(deliveryOf);
  },

  *deadDeliveries(webhook, after, limit) {
    const rows = yield* all<DeliveryRow>(
      `${deliverySelect} WHERE webhook = ? AND dead_at IS NOT NULL AND number > ? ORDER BY number LIMIT ?`,
      webhook,
      after,
      limit,
    );
    return rows.map(deliveryOf);
  },

  *webhookCounts(webhook) {
    const row = yield* first<{ dead: number; found: number }>(
      "SELECT count(dead_at) AS dead, count(*) AS found FROM {webhook_deliveries} WHERE webhook = ?",
      webhook,
    );
    const dead = Number(row?.dead ?? 0);
    return { dead, waiting: Number(row?.found ?? 0) - dead };
  },

  *webhookProgress(webhook, room, sequence) {
    const row = yield* first<{
      kind: RoomKind;
      place: number | null;
      failingSince: number | null;
    }>(
      `SELECT r.kind, p.place, p.failing_since AS "failingSince" FROM {rooms} r
       LEFT JOIN {webhook_places} p ON p.webhook = ? AND p.room = r.room WHERE r.room = ?`,
      webhook,
      room,
    );
    // After the place: what is put aside meanwhile is found here then.
    const aside = yield* all<DeliveryRow>(
      `${deliverySelect} WHERE webhook = ? AND room = ? AND place = ? ORDER BY number`,
      webhook,
      room,
      sequence,
    );
    const since = row?.failingSince ?? undefined;
    return {
      place: row?.place ?? 0,
      aside: aside.map(deliveryOf),
      ...(row === undefined ? {} : { kind: row.kind }),
      ...(since === undefined ? {} : { failingSince: since }),
    };
  },
};

/** Webhooks in SQL that all engines understand: what is to be told, and how far it was told. */
import {
  matchesAny,
  type WebhookBehind,
  type WebhookDelivery,
  type WebhookPlace,
  type WebhookRecord,
  type Webhooks,
} from "@parlance/core";
import type { Epoch, RoomId, RoomKind } from "@parlance/protocol";
import { all, first, run, type Steps } from "./statements.ts";

/** The methods as work: the same names, without waiting. */
type Work<N extends keyof Webhooks> = {
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

/** Places that one call moves back. */
const rewoundAtOnce = 200;
/** Changes of presence of either kind that one call tells. */
const toldAtOnce = 500;

const installPart = `(SELECT value FROM {meta} WHERE name = 'install_part')`;

function textOf(value: string | Uint8Array): string {
  return typeof value === "string" ? value : Buffer.from(value).toString("latin1");
}

interface WebhookRow {
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

function webhookOf(row: WebhookRow): WebhookRecord {
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

interface BehindRow {
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly epochPart: string;
  readonly installPart: string | Uint8Array;
  readonly head: number;
  readonly floor: number;
  readonly placeEpoch: Epoch | null;
  readonly place: number | null;
  readonly waitingSince: number | null;
}

function behindOf(row: BehindRow): WebhookBehind {
  const epoch = `${textOf(row.installPart)}.${row.epochPart}` as Epoch;
  return {
    room: row.room,
    kind: row.kind,
    epoch: row.placeEpoch ?? "",
    place: row.place ?? 0,
    now: { epoch, head: row.head, floor: row.floor },
    ...(row.waitingSince === null ? {} : { waitingSince: row.waitingSince }),
  };
}

interface DeliveryRow {
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

const deliverySelect = `SELECT number, room, event_id, type, epoch, place, body, queued_at, dead_at, reason
  FROM {webhook_deliveries}`;

function deliveryOf(row: DeliveryRow): WebhookDelivery {
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

/** What only reads. */
export const webhookReads: Work<WebhookReadName> = {
  *webhooks() {
    return (yield* all<WebhookRow>("SELECT * FROM {webhooks} ORDER BY created_at, id")).map(
      webhookOf,
    );
  },

  *webhookBehind({ webhook, from, upTo, limit }) {
    const rows = yield* all<BehindRow>(
      `SELECT r.room, r.kind, r.epoch_part AS "epochPart", r.head, r.floor, ${installPart} AS "installPart",
         p.epoch AS "placeEpoch", p.place, e.time AS "waitingSince"
       FROM {rooms} r
       LEFT JOIN {webhook_places} p ON p.webhook = ? AND p.room = r.room
       LEFT JOIN {events} e ON e.room = r.room AND e.sequence = coalesce(p.place, 0) + 1
       WHERE r.room >= ? ${upTo === undefined ? "" : "AND r.room <= ?"} AND r.head <> coalesce(p.place, 0)
       ORDER BY r.room LIMIT ?`,
      webhook,
      from,
      ...(upTo === undefined ? [] : [upTo]),
      limit,
    );
    return rows.map(behindOf);
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

/**
 * Locks a webhook until the commit and takes numbers of its queue.
 *
 * @returns the first of them; undefined if there is no such webhook.
 */
function* takeNumbers(webhook: string, count: number): Steps<number | undefined> {
  const sql = "UPDATE {webhooks} SET last_number = last_number + ? WHERE id = ?";
  if ((yield* run(sql, count, webhook)) === 0) return undefined;
  const row = yield* first<{ last: number }>(
    "SELECT last_number AS last FROM {webhooks} WHERE id = ?",
    webhook,
  );
  return (row?.last ?? 0) - count + 1;
}

function* movePlace(
  webhook: string,
  from: WebhookPlace,
  to: { epoch: Epoch; place: number },
): Steps<boolean> {
  const { room, epoch, place } = from;
  const moved = yield* run(
    `UPDATE {webhook_places} SET epoch = ?, place = ?, failing_since = NULL
     WHERE webhook = ? AND room = ? AND epoch = ? AND place = ?`,
    to.epoch,
    to.place,
    webhook,
    room,
    epoch,
    place,
  );
  if (moved > 0) return true;
  return epoch === "" && (yield* makePlace(webhook, room, to));
}

/** The first place in a room that is younger than the webhook. The webhook's row is locked: nobody else makes it meanwhile. */
function* makePlace(
  webhook: string,
  room: string,
  at: { readonly epoch: Epoch | ""; readonly place: number },
): Steps<boolean> {
  if ((yield* takeNumbers(webhook, 0)) === undefined) return false;
  const there = yield* all(
    "SELECT 1 AS found FROM {webhook_places} WHERE webhook = ? AND room = ?",
    webhook,
    room,
  );
  if (there.length > 0) return false;
  yield* run(
    "INSERT INTO {webhook_places} (webhook, room, epoch, place) VALUES (?, ?, ?, ?)",
    webhook,
    room,
    at.epoch,
    at.place,
  );
  return true;
}

function* deadOf(webhook: string): Steps<number> {
  const row = yield* first<{ dead: number }>(
    "SELECT count(*) AS dead FROM {webhook_deliveries} WHERE webhook = ? AND dead_at IS NOT NULL",
    webhook,
  );
  return Number(row?.dead ?? 0);
}

/** The place from which on everything at or after `time` follows. Times of a log rise, but for clocks that were put back. */
function* placeBefore(
  room: string,
  bounds: { floor: number; head: number },
  time: number,
): Steps<number> {
  let low = bounds.floor;
  let high = bounds.head;
  while (low < high) {
    const middle = Math.floor((low + high) / 2) + 1;
    const row = yield* first<{ time: number }>(
      "SELECT time FROM {events} WHERE room = ? AND sequence = ?",
      room,
      middle,
    );
    if (row === undefined || row.time >= time) high = middle - 1;
    else low = middle;
  }
  return low;
}

/** What writes; each in a transaction. @param now SQL of the database's own clock in milliseconds. */
export function webhookWrites(now: string): Work<WebhookWriteName> {
  const alive = `n.heard_at + n.life_ms > ${now}`;
  return {
    *createWebhook({ id, name, url, secret, events, rooms, createdAt }) {
      yield* run(
        `INSERT INTO {webhooks} (id, name, url, secret, events, rooms, last_number, created_at)
         VALUES (?, ?, ?, ?, ?, ?, 0, ?)`,
        id,
        name,
        url,
        secret,
        JSON.stringify(events),
        JSON.stringify(rooms),
        createdAt,
      );
      const install = yield* first<{ part: string | Uint8Array }>(`SELECT ${installPart} AS part`);
      yield* run(
        `INSERT INTO {webhook_places} (webhook, room, epoch, place)
         SELECT w.id, r.room, replace(?, '*', r.epoch_part), r.head FROM {rooms} r, {webhooks} w WHERE w.id = ?`,
        `${textOf(install?.part ?? "")}.*`,
        id,
      );
    },

    *pauseWebhook(id, reason) {
      const sql = "UPDATE {webhooks} SET paused_because = ? WHERE id = ?";
      return (yield* run(sql, reason ?? null, id)) > 0;
    },

    *deleteWebhook(id) {
      if ((yield* run("DELETE FROM {webhooks} WHERE id = ?", id)) === 0) return false;
      for (const table of ["webhook_places", "webhook_deliveries", "webhook_told"]) {
        yield* run(`DELETE FROM {${table}} WHERE webhook = ?`, id);
      }
      return true;
    },

    *noteWebhook(id, at, error) {
      if (error === undefined) {
        yield* run("UPDATE {webhooks} SET last_success_at = ? WHERE id = ?", at, id);
        return;
      }
      yield* run(
        "UPDATE {webhooks} SET last_error = ?, last_error_at = ? WHERE id = ?",
        error,
        at,
        id,
      );
    },

    advanceWebhook: movePlace,

    *webhookFails(webhook, { room, epoch, place }, at) {
      const here = "webhook = ? AND room = ? AND epoch = ? AND place = ?";
      if (epoch === "") yield* makePlace(webhook, room, { epoch, place });
      yield* run(
        `UPDATE {webhook_places} SET failing_since = ? WHERE ${here} AND failing_since IS NULL`,
        at,
        webhook,
        room,
        epoch,
        place,
      );
      const row = yield* first<{ since: number | null }>(
        `SELECT failing_since AS since FROM {webhook_places} WHERE ${here}`,
        webhook,
        room,
        epoch,
        place,
      );
      return row?.since ?? at;
    },

    *buryEvent(webhook, from, event, { reason, now: at, limit }) {
      const number = yield* takeNumbers(webhook, 1);
      if (number === undefined) return "moved";
      if ((yield* deadOf(webhook)) >= limit) return "full";
      const to = { epoch: event.epoch, place: event.sequence };
      if (!(yield* movePlace(webhook, from, to))) return "moved";
      yield* run(
        `INSERT INTO {webhook_deliveries}
           (webhook, number, room, event_id, type, epoch, place, queued_at, dead_at, reason)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        webhook,
        number,
        from.room,
        event.id,
        event.type,
        event.epoch,
        event.sequence,
        at,
        at,
        reason,
      );
      return "done";
    },

    *rewindWebhook(webhook, { from, upTo, to }) {
      const places = yield* all<{
        room: string;
        epoch: string;
        place: number;
        head: number;
        floor: number;
      }>(
        `SELECT p.room, p.epoch, p.place, r.head, r.floor FROM {webhook_places} p JOIN {rooms} r ON r.room = p.room
         WHERE p.webhook = ? AND p.room >= ? ${upTo === undefined ? "" : "AND p.room <= ?"}
         ORDER BY p.room LIMIT ?`,
        webhook,
        from,
        ...(upTo === undefined ? [] : [upTo]),
        rewoundAtOnce,
      );
      let rooms = 0;
      for (const { room, place, head, floor } of places) {
        const wanted =
          "after" in to ? to.after : yield* placeBefore(room, { floor, head }, to.since);
        if (wanted >= place) continue;
        rooms += yield* run(
          `UPDATE {webhook_places} SET place = ?, failing_since = NULL WHERE webhook = ? AND room = ? AND place > ?`,
          wanted,
          webhook,
          room,
          wanted,
        );
      }
      const last = places.at(-1);
      // No room's name has a sign below this one.
      if (last === undefined || places.length < rewoundAtOnce) return { rooms };
      return { rooms, next: `${last.room}!` };
    },

    *webhookDelivered(webhook, numbers) {
      for (const number of numbers) {
        yield* run(
          "DELETE FROM {webhook_deliveries} WHERE webhook = ? AND number = ? AND dead_at IS NULL",
          webhook,
          number,
        );
      }
    },

    *buryDelivery(webhook, number, { reason, now: at, limit }) {
      yield* takeNumbers(webhook, 0);
      if ((yield* deadOf(webhook)) >= limit) return "full";
      yield* run(
        "UPDATE {webhook_deliveries} SET dead_at = ?, reason = ? WHERE webhook = ? AND number = ?",
        at,
        reason,
        webhook,
        number,
      );
      return "done";
    },

    *reviveDeliveries(webhook, number) {
      const one = number === undefined ? [] : [number];
      return yield* run(
        `UPDATE {webhook_deliveries} SET dead_at = NULL, reason = NULL, queued_at = 0
         WHERE webhook = ? AND dead_at IS NOT NULL ${number === undefined ? "" : "AND number = ?"}`,
        webhook,
        ...one,
      );
    },

    *putPresent(node, lifeMs, { isWhole, came, went }) {
      const heard = `UPDATE {webhook_nodes} SET heard_at = ${now}, life_ms = ? WHERE node = ?`;
      const isKnown = (yield* run(heard, lifeMs, node)) > 0;
      if (!isKnown) {
        if (!isWhole) return false;
        yield* run("INSERT INTO {webhook_nodes} (node, heard_at, life_ms) VALUES (?, 0, 0)", node);
        yield* run(heard, lifeMs, node);
      }
      if (isWhole) yield* run("DELETE FROM {webhook_present} WHERE node = ?", node);
      for (const { room, user } of went) {
        yield* run(
          "DELETE FROM {webhook_present} WHERE node = ? AND room = ? AND person = ?",
          node,
          room,
          user,
        );
      }
      for (const { room, user, name } of came) {
        yield* run(
          "INSERT INTO {webhook_present} (node, room, person, name) VALUES (?, ?, ?, ?)",
          node,
          room,
          user,
          name,
        );
      }
      return true;
    },

    *comparePresence(webhook, wanted, at) {
      if ((yield* takeNumbers(webhook, 0)) === undefined) return { queued: 0, more: false };
      // Of nodes that have been gone for an hour: what they said is nobody's any more.
      const gone = yield* all<{ node: string }>(
        `SELECT n.node FROM {webhook_nodes} n WHERE n.heard_at + n.life_ms + 3600000 <= ${now} LIMIT 10`,
      );
      for (const { node } of gone) {
        yield* run("DELETE FROM {webhook_present} WHERE node = ?", node);
        yield* run("DELETE FROM {webhook_nodes} WHERE node = ?", node);
      }
      interface Person {
        readonly room: string;
        readonly person: string;
        readonly name: string;
      }
      const went = yield* all<Person>(
        `SELECT t.room, t.person, t.name FROM {webhook_told} t WHERE t.webhook = ? AND NOT EXISTS (
           SELECT 1 FROM {webhook_present} p JOIN {webhook_nodes} n ON n.node = p.node
           WHERE p.room = t.room AND p.person = t.person AND ${alive})
         ORDER BY t.room DESC, t.person LIMIT ?`,
        webhook,
        toldAtOnce,
      );
      const came = yield* all<Person>(
        `SELECT p.room, p.person, min(p.name) AS name FROM {webhook_present} p JOIN {webhook_nodes} n ON n.node = p.node
         WHERE ${alive} AND NOT EXISTS (
           SELECT 1 FROM {webhook_told} t WHERE t.webhook = ? AND t.room = p.room AND t.person = p.person)
         GROUP BY p.room, p.person ORDER BY p.room, p.person LIMIT ?`,
        webhook,
        toldAtOnce,
      );
      const changes: { type: string; room: string; user?: object }[] = [];
      for (const { room, person, name } of went) {
        yield* run(
          "DELETE FROM {webhook_told} WHERE webhook = ? AND room = ? AND person = ?",
          webhook,
          room,
          person,
        );
        const user = { id: person, name };
        changes.push({ type: room === "" ? "user.offline" : "presence.left", room, user });
      }
      for (const { room, person, name } of came) {
        yield* run(
          "INSERT INTO {webhook_told} (webhook, room, person, name) VALUES (?, ?, ?, ?)",
          webhook,
          room,
          person,
          name,
        );
        const user = { id: person, name };
        changes.push({ type: room === "" ? "user.online" : "presence.joined", room, user });
      }
      const left = went.length === 0 ? [] : went.map(({ room }) => room);
      for (const room of new Set(left)) {
        if (room === "") continue;
        const sql = "SELECT 1 AS found FROM {webhook_told} WHERE webhook = ? AND room = ? LIMIT 1";
        if ((yield* all(sql, webhook, room)).length === 0)
          changes.push({ type: "room.empty", room });
      }
      const asked = changes.filter(
        ({ type, room }) =>
          matchesAny(wanted.events, type) && (room === "" || matchesAny(wanted.rooms, room)),
      );
      const start = (yield* takeNumbers(webhook, asked.length)) ?? 0;
      for (const [index, { type, room, user }] of asked.entries()) {
        const id = `${webhook}.${start + index}`;
        const event = {
          id,
          type,
          ...(room === "" ? {} : { room }),
          time: new Date(at).toISOString(),
          ...(user === undefined ? {} : { user }),
        };
        yield* run(
          `INSERT INTO {webhook_deliveries} (webhook, number, room, event_id, type, body, queued_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
          webhook,
          start + index,
          room,
          id,
          type,
          JSON.stringify(event),
          at,
        );
      }
      const more = went.length === toldAtOnce || came.length === toldAtOnce;
      return { queued: asked.length, more };
    },
  };
}

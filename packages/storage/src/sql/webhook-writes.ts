/** How far webhooks were told, and what waits for them: what writes. */
import type { WebhookPlace } from "@parlance/core";
import { matchesAny } from "@parlance/core/room-pattern";
import type { Epoch } from "@parlance/protocol";
import { all, first, run, type Steps } from "./statements.ts";
import {
  type InstallRow,
  installPart,
  textOf,
  type WebhookWriteName,
  type Work,
} from "./webhook-rows.ts";

/** Places that one call moves back. */
const rewoundAtOnce = 200;
/** Changes of presence of either kind that one call tells. */
const toldAtOnce = 500;

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

/** Whether a webhook was told that somebody is in a room. */
function* isToldOf(webhook: string, room: string): Steps<boolean> {
  const sql = "SELECT 1 AS found FROM {webhook_told} WHERE webhook = ? AND room = ? LIMIT 1";
  return (yield* all(sql, webhook, room)).length > 0;
}

/** Puts events behind what waits for a webhook, each with an id of its own. */
function* enqueue(
  webhook: string,
  events: readonly { readonly type: string; readonly room: string; readonly members: object }[],
  at: number,
): Steps<void> {
  const start = (yield* takeNumbers(webhook, events.length)) ?? 0;
  for (const [index, { type, room, members }] of events.entries()) {
    const id = `${webhook}.${start + index}`;
    const time = new Date(at).toISOString();
    const event = { id, type, ...(room === "" ? {} : { room }), time, ...members };
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
      const install = yield* first<InstallRow>(`SELECT ${installPart} AS part`);
      yield* run(
        `INSERT INTO {webhook_places} (webhook, room, epoch, place)
         SELECT w.id, r.room, replace(?, '*', r.epoch_part), r.head FROM {rooms} r, {webhooks} w WHERE w.id = ?`,
        `${textOf(install?.part ?? "")}.*`,
        id,
      );
    },

    *updateWebhook(id, { url, events, rooms }) {
      const sql = "UPDATE {webhooks} SET url = ?, events = ?, rooms = ? WHERE id = ?";
      const lists = [JSON.stringify(events), JSON.stringify(rooms)];
      return (yield* run(sql, url, ...lists, id)) > 0;
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

    *queueEvents(webhook, events, at, limit) {
      if ((yield* takeNumbers(webhook, 0)) === undefined) return 0;
      const row = yield* first<{ waiting: number }>(
        "SELECT count(*) AS waiting FROM {webhook_deliveries} WHERE webhook = ? AND dead_at IS NULL",
        webhook,
      );
      const taken = events.slice(0, Math.max(0, limit - Number(row?.waiting ?? 0)));
      yield* enqueue(webhook, taken, at);
      return taken.length;
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
      const occupied = new Set<string>();
      for (const room of new Set(came.map((person) => person.room))) {
        if (room !== "" && !(yield* isToldOf(webhook, room))) occupied.add(room);
      }
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
        if (occupied.delete(room)) changes.push({ type: "room.occupied", room });
        const user = { id: person, name };
        changes.push({ type: room === "" ? "user.online" : "presence.joined", room, user });
      }
      const left = went.length === 0 ? [] : went.map(({ room }) => room);
      for (const room of new Set(left)) {
        if (room === "" || (yield* isToldOf(webhook, room))) continue;
        changes.push({ type: "room.empty", room });
      }
      const asked = changes.filter(
        ({ type, room }) =>
          matchesAny(wanted.events, type) && (room === "" || matchesAny(wanted.rooms, room)),
      );
      yield* enqueue(
        webhook,
        asked.map(({ type, room, user }) => ({
          type,
          room,
          members: user === undefined ? {} : { user },
        })),
        at,
      );
      const more = went.length === toldAtOnce || came.length === toldAtOnce;
      return { queued: asked.length, more };
    },
  };
}

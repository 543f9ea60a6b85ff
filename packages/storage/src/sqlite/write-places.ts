import type { SavedPlace } from "@parlance/core";
import { keptRooms, placeLifeMs } from "../sql/place-bounds.ts";
import type { Database } from "./database.ts";

/** Places that are over, forgotten in one call. */
const forgottenAtOnce = 100;

/** Saves places of devices, inside the writer's transaction. */
export function savePlaces(database: Database, rows: readonly SavedPlace[]): void {
  const devices = new Map<string, SavedPlace>();
  let now = 0;
  for (const row of rows) {
    database.run(
      `INSERT INTO places (user, device, room, epoch, last_sequence, saved_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET epoch = excluded.epoch, last_sequence = excluded.last_sequence,
         saved_at = excluded.saved_at WHERE excluded.saved_at >= saved_at`,
      row.user,
      row.device,
      row.room,
      row.epoch,
      row.offset,
      row.now,
    );
    devices.set(JSON.stringify([row.user, row.device]), row);
    now = Math.max(now, row.now);
  }
  for (const { user, device } of devices.values()) {
    database.run(
      `DELETE FROM places WHERE user = ? AND device = ? AND room IN (
         SELECT room FROM places WHERE user = ? AND device = ?
         ORDER BY saved_at DESC, room LIMIT -1 OFFSET ?)`,
      user,
      device,
      user,
      device,
      keptRooms,
    );
  }
  database.run(
    `DELETE FROM places WHERE (user, device, room) IN
       (SELECT user, device, room FROM places WHERE saved_at < ? ORDER BY saved_at LIMIT ?)`,
    now - placeLifeMs,
    forgottenAtOnce,
  );
}

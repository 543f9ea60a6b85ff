/** Places of devices whose protocol has none. */
import type { DevicePlace, Places, SavedPlace } from "@parlance/core";
import { keptRooms, placeLifeMs } from "../sql/place-bounds.ts";
import type { Reads, Write } from "./access.ts";
import type { Session } from "./session.ts";
import { placeColumns } from "./tables.ts";

/** Places that are over, forgotten in one call. */
const forgottenAtOnce = 100;

export function createPlaces(reads: Reads, write: Write): Places {
  return {
    places: (user, device) =>
      reads.each((session) =>
        session.all<DevicePlace>(
          `SELECT room, epoch, last_sequence AS "offset" FROM {places}
           WHERE user_id = ? AND device = ? ORDER BY saved_at DESC, room`,
          user,
          device,
        ),
      ),

    savePlaces: async (rows) => {
      if (rows.length > 0) await write((session) => save(session, rows));
    },
  } satisfies Places;
}

async function save(session: Session, places: readonly SavedPlace[]): Promise<void> {
  // The last of a place counts; sorted, so that two nodes lock in one order.
  const newest = new Map<string, SavedPlace>();
  const devices = new Map<string, SavedPlace>();
  for (const row of places) {
    const key = JSON.stringify([row.user, row.device, row.room]);
    const known = newest.get(key);
    if (known === undefined || known.now <= row.now) newest.set(key, row);
    devices.set(JSON.stringify([row.user, row.device]), row);
  }
  const rows = [...newest.entries()]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, { user, device, room, epoch, offset, now }]) => [
      user,
      device,
      room,
      epoch,
      offset,
      now,
    ]);
  await session.replaceOlder(
    { table: "places", columns: placeColumns, rows },
    ["user_id", "device", "room"],
    "saved_at",
  );
  for (const { user, device } of devices.values()) await keepNewest(session, user, device);
  const now = places.reduce((latest, row) => Math.max(latest, row.now), 0);
  await forget(session, now - placeLifeMs);
}

async function keepNewest(session: Session, user: string, device: string): Promise<void> {
  const extra = await session.all<{ room: string }>(
    `SELECT room FROM {places} WHERE user_id = ? AND device = ?
     ORDER BY saved_at DESC, room LIMIT ? OFFSET ?`,
    user,
    device,
    forgottenAtOnce * 10,
    keptRooms,
  );
  if (extra.length === 0) return;
  await session.run(
    "DELETE FROM {places} WHERE user_id = ? AND device = ? AND room IN (?*)",
    user,
    device,
    extra.map(({ room }) => room),
  );
}

async function forget(session: Session, before: number): Promise<void> {
  const over = await session.all<{ user_id: string; device: string; room: string }>(
    `SELECT user_id, device, room FROM {places} WHERE saved_at < ? ORDER BY saved_at LIMIT ?`,
    before,
    forgottenAtOnce,
  );
  for (const { user_id, device, room } of over) {
    await session.run(
      "DELETE FROM {places} WHERE user_id = ? AND device = ? AND room = ? AND saved_at < ?",
      user_id,
      device,
      room,
      before,
    );
  }
}

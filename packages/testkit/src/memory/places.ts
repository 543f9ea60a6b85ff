import type { SavedPlace } from "@parlance/core";
import type { DeviceId, UserId } from "@parlance/protocol";
import type { MemoryState } from "./state.ts";

const lifeMs = 30 * 86_400_000;
const maxRooms = 1_000;
const forgottenAtOnce = 100;

/** Of one device, the one saved last first. */
export function placesOf(state: MemoryState, user: UserId, device: DeviceId): SavedPlace[] {
  return state.places
    .filter((place) => place.user === user && place.device === device)
    .sort((left, right) => right.now - left.now || (left.room < right.room ? -1 : 1));
}

/** As `Places.savePlaces` promises. */
export function savePlaces(state: MemoryState, rows: readonly SavedPlace[]): void {
  for (const row of rows) {
    const { user, device, room } = row;
    const at = state.places.findIndex(
      (place) => place.user === user && place.device === device && place.room === room,
    );
    const known = state.places[at];
    if (known === undefined) state.places.push(row);
    else if (row.now >= known.now) state.places[at] = row;
  }
  for (const { user, device } of rows) {
    forget(state, placesOf(state, user, device).slice(maxRooms));
  }
  const now = Math.max(...rows.map((row) => row.now));
  const over = state.places
    .filter((place) => place.now < now - lifeMs)
    .sort((left, right) => left.now - right.now);
  forget(state, over.slice(0, forgottenAtOnce));
}

function forget(state: MemoryState, places: readonly SavedPlace[]): void {
  for (const place of places) state.places.splice(state.places.indexOf(place), 1);
}

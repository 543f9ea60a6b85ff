/** What one client saw: consecutive, each once, each as stored, and gone on with where it was. */
import type { History, Place, Row, Seen } from "./history.ts";
import { type Fail, key, type Log } from "./lookup.ts";

/** I-3, I-10, I-11, I-12, I-13 for one client. */
export function checkStreams(history: History, log: Log, fail: Fail): void {
  const places = new Map<string, Place>();
  const subscribed = new Set<string>();
  let isOnline = false;
  for (const entry of history.entries) {
    switch (entry.kind) {
      case "online":
        isOnline = true;
        break;
      case "offline":
        isOnline = false;
        subscribed.clear();
        break;
      case "subscribed": {
        const { room, wanted, place } = entry;
        const before = places.get(room);
        const where = `${history.client}: ${room}`;
        if (wanted !== undefined) {
          if (wanted.epoch !== place.epoch || wanted.offset !== place.offset) {
            fail("I-13", `${where}: asked for ${show(wanted)}, got ${show(place)}`);
          }
        } else if (before !== undefined) {
          // Without a position somebody begins anew; only after a reset, which forgets the place.
          fail("I-13", `${where}: begins at ${show(place)}, was at ${show(before)}`);
        }
        if (place.offset > entry.head) fail("I-13", `${where}: begins above the head`);
        places.set(room, place);
        subscribed.add(room);
        break;
      }
      case "reset": {
        const { room, wanted, epoch } = entry;
        if (wanted !== undefined && (epoch === undefined || epoch === wanted.epoch)) {
          fail("I-13", `${history.client}: ${room}: reset in the epoch of ${show(wanted)}`);
        }
        places.delete(room);
        subscribed.delete(room);
        break;
      }
      case "shut":
        subscribed.delete(entry.room);
        break;
      case "delivered": {
        const { room, epoch, sequence } = entry;
        const where = `${history.client}: ${room}/${sequence}`;
        const last = places.get(room);
        if (!isOnline || !subscribed.has(room) || last === undefined) {
          fail("I-10", `${where} came without a subscription`);
          break;
        }
        if (sequence <= last.offset) fail("I-11", `${where} came after ${last.offset}`);
        else if (sequence !== last.offset + 1) fail("I-10", `${where} came after ${last.offset}`);
        places.set(room, { epoch, offset: Math.max(last.offset, sequence) });
        checkSeen(history.client, entry, log, fail);
        break;
      }
      case "paged":
        checkSeen(history.client, entry, log, fail);
        break;
      case "sent":
      case "acked":
      case "refused":
      case "deferred":
      case "ephemeral":
      case "unanswered":
        break;
    }
  }
  for (const [room, { offset }] of history.places) {
    const head = log.heads.get(room) ?? 0;
    if (offset < head) fail("I-12", `${history.client}: ${room} ends at ${offset}, not at ${head}`);
    const last = places.get(room);
    if (last === undefined || last.offset !== offset) {
      fail("I-10", `${history.client}: ${room} is said to end at ${offset}`);
    }
  }
}

/** I-3: whoever sees a place sees what is stored there. I-18: also who it is of. */
function checkSeen(client: string, seen: Seen, log: Log, fail: Fail): void {
  const row = log.byPlace.get(key(seen.room, seen.sequence));
  const where = `${client}: ${seen.room}/${seen.sequence}`;
  if (row === undefined) fail("I-3", `${where} was seen and is not stored`);
  else if (seen.author !== row.author) {
    fail("I-18", `${where} was seen as of ${seen.author}, it is of ${row.author}`);
  } else if (!isSame(seen, row)) fail("I-3", `${where} was seen as something else`);
}

function isSame(seen: Seen, row: Row): boolean {
  // What was erased since may have been seen before.
  const isErased = row.payload === undefined || seen.payload === undefined;
  return (
    seen.id === row.id &&
    seen.type === row.type &&
    seen.clientMessageId === row.clientMessageId &&
    (isErased || seen.payload === row.payload)
  );
}

function show({ epoch, offset }: Place): string {
  return `${epoch}/${offset}`;
}

/** Order between what was sent, what was read before, and what was acknowledged to anybody. */
import type { Evidence, History } from "./history.ts";
import { entriesOf, type Fail, key, type Log } from "./lookup.ts";

/** I-7, I-8, I-9. */
export function checkOrder({ histories }: Evidence, log: Log, fail: Fail): void {
  for (const history of histories) checkSender(history, log, fail);
  checkRealTime(histories, log, fail);
}

/** I-8: behind what the client had read. I-9: behind what it had sent before. */
function checkSender(history: History, log: Log, fail: Fail): void {
  const read = new Map<string, number>();
  const last = new Map<string, number>();
  const overtakable = overtakableOf(history);
  for (const entry of history.entries) {
    if (entry.kind === "delivered") read.set(entry.room, entry.sequence);
    if (entry.kind !== "sent" || entry.attempt > 1) continue;
    const { room, clientMessageId } = entry;
    const row = log.bySend.get(key(room, history.user, clientMessageId));
    if (row === undefined) continue;
    const where = `${history.client}: ${room}/${row.sequence}`;
    const seen = read.get(room) ?? 0;
    if (row.sequence <= seen) fail("I-8", `${where} was sent after ${seen} was read`);
    const before = last.get(room) ?? 0;
    if (row.sequence <= before) fail("I-9", `${where} was sent after what is at ${before}`);
    // What it may be overtaken by says nothing about its place.
    if (!overtakable.has(key(room, clientMessageId))) {
      last.set(room, Math.max(before, row.sequence));
    }
  }
}

/*
 * Of several on their way, one that was told `later` is sent again behind those that were not: the protocol says so.
 * Those that left in its company may stand before it.
 */
function overtakableOf(history: History): Set<string> {
  const found = new Set<string>();
  if (history.isAlone) return found;
  const onTheirWay = new Map<string, Set<string>>();
  for (const entry of history.entries) {
    if (entry.kind === "sent") {
      const ids = onTheirWay.get(entry.room) ?? new Set();
      onTheirWay.set(entry.room, ids.add(entry.clientMessageId));
    } else if (entry.kind === "acked" || entry.kind === "refused") {
      onTheirWay.get(entry.room)?.delete(entry.clientMessageId);
    } else if (entry.kind === "deferred" && entry.hasCompany) {
      for (const id of onTheirWay.get(entry.room) ?? []) found.add(key(entry.room, id));
    }
  }
  return found;
}

/** I-7: what left after another message was acknowledged, to whomever, has a higher place. */
function checkRealTime(histories: readonly History[], log: Log, fail: Fail): void {
  interface Moment {
    readonly at: number;
    readonly isAck: boolean;
    readonly sequence: number;
  }
  const byRoom = new Map<string, Moment[]>();
  const add = (room: string, moment: Moment): void => {
    const moments = byRoom.get(room);
    if (moments === undefined) byRoom.set(room, [moment]);
    else moments.push(moment);
  };
  for (const history of histories) {
    for (const { room, at, sequence } of entriesOf(history, "acked")) {
      add(room, { at, isAck: true, sequence });
    }
    for (const { room, at, clientMessageId, attempt } of entriesOf(history, "sent")) {
      const row = log.bySend.get(key(room, history.user, clientMessageId));
      if (attempt === 1 && row !== undefined) {
        add(room, { at, isAck: false, sequence: row.sequence });
      }
    }
  }
  for (const [room, moments] of byRoom) {
    moments.sort((a, b) => a.at - b.at || Number(a.isAck) - Number(b.isAck));
    let acknowledged = 0;
    for (const { isAck, sequence } of moments) {
      if (isAck) acknowledged = Math.max(acknowledged, sequence);
      else if (sequence <= acknowledged) {
        fail("I-7", `${room}/${sequence} was sent after ${acknowledged} was acknowledged`);
      }
    }
  }
}

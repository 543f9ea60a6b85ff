/**
 * Decides from what clients logged and what the database holds whether anything acknowledged was lost, doubled,
 * reordered or altered. Knows nothing of how the server works. Rule ids are those of the reliability rules.
 */
import type { ClientHistory, Delivery, Row, Send } from "./history.ts";

/** One broken promise. */
export interface Violation {
  readonly rule: string;
  readonly text: string;
}

/** Runs with fewer than these prove nothing. */
export interface Minimums {
  readonly acks: number;
  readonly resumes: number;
  readonly kills: number;
}

export interface Verdict {
  readonly result: "passed" | "failed" | "inconclusive";
  readonly violations: readonly Violation[];
  readonly counts: {
    readonly clients: number;
    readonly sends: number;
    readonly acks: number;
    readonly deliveries: number;
    readonly resumes: number;
    readonly rows: number;
    readonly kills: number;
  };
}

const key = (...parts: readonly (string | number)[]): string => parts.join("\u0000");

/** The verdict over one run that has come to rest. */
export function check(
  histories: readonly ClientHistory[],
  rows: readonly Row[],
  kills: number,
  minimums: Minimums,
): Verdict {
  const violations: Violation[] = [];
  const fail = (rule: string, text: string): void => void violations.push({ rule, text });
  const heads = checkRows(rows, fail);
  const byPlace = new Map(rows.map((row) => [key(row.room, row.sequence), row]));
  checkOrigins(histories, rows, fail);
  for (const history of histories) {
    checkAcks(history, byPlace, fail);
    checkDeliveries(history, byPlace, heads, fail);
  }
  checkSendOrder(histories, rows, fail);
  checkRealTime(histories, fail);
  const sum = (count: (history: ClientHistory) => number): number =>
    histories.reduce((total, history) => total + count(history), 0);
  const counts = {
    clients: histories.length,
    sends: sum((history) => history.sends.length),
    acks: sum((history) => history.acks.length),
    deliveries: sum((history) => history.deliveries.length),
    resumes: sum((history) => history.resumes),
    rows: rows.length,
    kills,
  };
  const isEnough =
    counts.acks >= minimums.acks && counts.resumes >= minimums.resumes && kills >= minimums.kills;
  const result = violations.length > 0 ? "failed" : isEnough ? "passed" : "inconclusive";
  return { result, violations, counts };
}

type Fail = (rule: string, text: string) => void;

/** I-2, I-4: no hole, no second row for one key. @returns each room's head. */
function checkRows(rows: readonly Row[], fail: Fail): Map<string, number> {
  const byRoom = Map.groupBy(rows, (row) => row.room);
  const heads = new Map<string, number>();
  for (const [room, inRoom] of byRoom) {
    const sequences = inRoom.map((row) => row.sequence).sort((left, right) => left - right);
    for (const [index, sequence] of sequences.entries()) {
      if (sequence !== index + 1) {
        fail("I-2", `${room}: place ${index + 1} holds sequence ${sequence}`);
        break;
      }
    }
    heads.set(room, sequences.at(-1) ?? 0);
  }
  const keys = new Map<string, number>();
  for (const row of rows) {
    if (row.clientMessageId === undefined) continue;
    const name = key(row.room, row.principal, row.clientMessageId);
    const first = keys.get(name);
    if (first !== undefined) {
      fail("I-4", `${row.room}: ${row.clientMessageId} is stored at ${first} and ${row.sequence}`);
    }
    keys.set(name, row.sequence);
  }
  return heads;
}

/** I-5, I-6: every message was sent by whom it says, with that text, and was not refused for good. */
function checkOrigins(histories: readonly ClientHistory[], rows: readonly Row[], fail: Fail): void {
  const sends = new Map<string, Send>();
  const refused = new Set<string>();
  for (const { user, sends: sent, refusals } of histories) {
    for (const send of sent) sends.set(key(send.room, user, send.clientMessageId), send);
    for (const refusal of refusals) refused.add(key(refusal.room, user, refusal.clientMessageId));
  }
  for (const row of rows) {
    if (row.type !== "message.created") continue;
    const name = key(row.room, row.author, row.clientMessageId ?? "");
    const send = sends.get(name);
    if (send === undefined) fail("I-6", `${row.room}/${row.sequence} was sent by nobody`);
    else if (send.text !== row.text) fail("I-6", `${row.room}/${row.sequence} has another text`);
    if (refused.has(name)) fail("I-5", `${row.room}/${row.sequence} was refused and is stored`);
  }
}

/** I-1, I-4: what was acknowledged is there, at that place, once. */
function checkAcks(history: ClientHistory, byPlace: ReadonlyMap<string, Row>, fail: Fail): void {
  const places = new Map<string, number>();
  for (const ack of history.acks) {
    const where = `${ack.room}/${ack.sequence}`;
    const row = byPlace.get(key(ack.room, ack.sequence));
    if (row === undefined) fail("I-1", `${where} was acknowledged and is gone`);
    else if (
      row.id !== ack.id ||
      row.clientMessageId !== ack.clientMessageId ||
      row.author !== history.user
    ) {
      fail("I-1", `${where} was acknowledged to ${history.user} and holds something else`);
    }
    const name = key(ack.room, ack.clientMessageId);
    const before = places.get(name);
    if (before !== undefined && before !== ack.sequence) {
      fail("I-4", `${ack.clientMessageId} was acknowledged at ${before} and ${ack.sequence}`);
    }
    places.set(name, ack.sequence);
  }
}

/** I-3, I-10, I-11, I-12: consecutive from where it began, up to the head, each as stored. */
function checkDeliveries(
  history: ClientHistory,
  byPlace: ReadonlyMap<string, Row>,
  heads: ReadonlyMap<string, number>,
  fail: Fail,
): void {
  const places = new Map(history.rooms);
  for (const delivery of history.deliveries) {
    const { room, sequence } = delivery;
    const last = places.get(room) ?? 0;
    const where = `${history.client}: ${room}/${sequence}`;
    if (sequence <= last) fail("I-11", `${where} came after ${last}`);
    else if (sequence !== last + 1) fail("I-10", `${where} came after ${last}`);
    places.set(room, Math.max(last, sequence));
    const row = byPlace.get(key(room, sequence));
    if (row === undefined) fail("I-3", `${where} was delivered and is not stored`);
    else if (!isSame(delivery, row)) fail("I-3", `${where} was delivered as something else`);
  }
  for (const [room, last] of places) {
    const head = heads.get(room) ?? 0;
    if (last < head) fail("I-12", `${history.client}: ${room} ends at ${last}, not at ${head}`);
  }
}

function isSame(delivery: Delivery, row: Row): boolean {
  return (
    delivery.id === row.id &&
    delivery.author === row.author &&
    delivery.type === row.type &&
    delivery.text === row.text
  );
}

/** I-8, I-9: a client's messages keep its order, and come after what it had seen. */
function checkSendOrder(
  histories: readonly ClientHistory[],
  rows: readonly Row[],
  fail: Fail,
): void {
  const places = new Map<string, number>();
  for (const row of rows) {
    if (row.clientMessageId !== undefined) {
      places.set(key(row.room, row.author, row.clientMessageId), row.sequence);
    }
  }
  for (const { client, user, sends } of histories) {
    const last = new Map<string, number>();
    for (const send of sends) {
      const sequence = places.get(key(send.room, user, send.clientMessageId));
      if (sequence === undefined) continue;
      const before = last.get(send.room) ?? 0;
      if (sequence <= before) {
        fail("I-9", `${client}: ${send.room}/${sequence} was sent after what is at ${before}`);
      }
      if (sequence <= send.seen) {
        fail("I-8", `${client}: ${send.room}/${sequence} was sent after reading ${send.seen}`);
      }
      last.set(send.room, Math.max(before, sequence));
    }
  }
}

/** I-7: what was sent after another message was acknowledged has a higher place. */
function checkRealTime(histories: readonly ClientHistory[], fail: Fail): void {
  interface Moment {
    readonly at: number;
    readonly isAck: boolean;
    readonly sequence: number;
  }
  const byRoom = new Map<string, Moment[]>();
  for (const { sends, acks } of histories) {
    const placeOf = new Map(acks.map((ack) => [key(ack.room, ack.clientMessageId), ack.sequence]));
    const add = (room: string, moment: Moment): void => {
      const moments = byRoom.get(room);
      if (moments === undefined) byRoom.set(room, [moment]);
      else moments.push(moment);
    };
    for (const { room, at, sequence } of acks) add(room, { at, isAck: true, sequence });
    for (const { room, at, clientMessageId } of sends) {
      const sequence = placeOf.get(key(room, clientMessageId));
      if (sequence !== undefined) add(room, { at, isAck: false, sequence });
    }
  }
  for (const [room, moments] of byRoom) {
    moments.sort((left, right) => left.at - right.at || Number(left.isAck) - Number(right.isAck));
    let acknowledged = 0;
    for (const { isAck, sequence } of moments) {
      if (isAck) acknowledged = Math.max(acknowledged, sequence);
      else if (sequence <= acknowledged) {
        fail("I-7", `${room}/${sequence} was sent after ${acknowledged} was acknowledged`);
      }
    }
  }
}

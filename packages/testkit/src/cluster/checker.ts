/**
 * Decides the invariants from histories and rows, knowing nothing of how a node works. Each rule is stated beside
 * its check; the numbers are those of the reliability rules. A test violates each of them once by hand.
 */
import { checkOrder } from "./check-order.ts";
import { checkReaders } from "./check-readers.ts";
import { checkStreams } from "./check-streams.ts";
import type {
  Counts,
  Entry,
  Evidence,
  History,
  Minimums,
  Row,
  Verdict,
  Violation,
} from "./history.ts";
import { entriesOf, type Fail, key, type Log } from "./lookup.ts";

/** A verdict with more than this many says no more. */
const maxViolations = 40;

/** The verdict over a run that has come to rest. */
export function check(evidence: Evidence, minimums: Minimums): Verdict {
  const violations: Violation[] = [];
  const fail: Fail = (invariant, text) => {
    if (violations.length < maxViolations) violations.push({ invariant, text });
  };
  const log = readLog(evidence, fail);
  checkOrigins(evidence, log, fail);
  for (const history of evidence.histories) {
    checkAnswers(history, log, fail);
    for (const { command } of entriesOf(history, "unanswered")) {
      fail("NAT-3", `${history.client}: no answer to ${command}`);
    }
    checkStreams(history, log, fail);
  }
  checkOrder(evidence, log, fail);
  checkReaders(evidence, fail);
  checkMarks(evidence, log, fail);
  for (const { invariant, what, allowedMs, afterMs } of evidence.convergences) {
    if (afterMs === undefined) fail(invariant, `${what}: never`);
    else if (afterMs > allowedMs * (evidence.slowness ?? 1) + evidence.latenessMs) {
      fail(invariant, `${what}: after ${Math.round(afterMs)} ms, not ${allowedMs}`);
    }
  }
  const counts = count(evidence);
  const lacking = lackingOf(counts, minimums);
  const result = violations.length > 0 ? "failed" : lacking.length > 0 ? "inconclusive" : "passed";
  return { result, violations, counts, lacking };
}

/** I-2: a room's rows are exactly floor+1..head. I-4: one row for one key. */
function readLog({ rows, rooms }: Evidence, fail: Fail): Log {
  const heads = new Map<string, number>();
  const byRoom = Map.groupBy(rows, (row) => row.room);
  for (const { room, head, floor } of rooms) {
    const sequences = (byRoom.get(room) ?? []).map((row) => row.sequence).sort((a, b) => a - b);
    heads.set(room, head);
    if (sequences.length !== head - floor) {
      fail("I-2", `${room}: ${sequences.length} rows between ${floor} and ${head}`);
    }
    const wrong = sequences.findIndex((sequence, index) => sequence !== floor + index + 1);
    if (wrong >= 0) fail("I-2", `${room}: ${sequences[wrong]} at place ${floor + wrong + 1}`);
    byRoom.delete(room);
  }
  for (const room of byRoom.keys()) fail("I-2", `${room}: rows of a room that is not there`);
  const byKey = new Map<string, Row>();
  const bySend = new Map<string, Row>();
  for (const row of rows) {
    if (row.clientMessageId === undefined) continue;
    const name = key(row.room, row.principal, row.clientMessageId);
    const first = byKey.get(name);
    if (first !== undefined) {
      fail("I-4", `${row.room}: ${row.clientMessageId} at ${first.sequence} and ${row.sequence}`);
    }
    byKey.set(name, row);
    bySend.set(key(row.room, row.author, row.clientMessageId), row);
  }
  const byPlace = new Map(rows.map((row) => [key(row.room, row.sequence), row]));
  return { byPlace, bySend, heads };
}

/** The text of a message's payload. */
export function textOf(payload: string | undefined): string | undefined {
  if (payload === undefined) return undefined;
  const { text } = JSON.parse(payload) as { readonly text?: unknown };
  return typeof text === "string" ? text : undefined;
}

/**
 * I-5: what was refused for good is not there. I-6: every message was sent by whom it says, with that text, and by
 * somebody who belonged. I-18: author and principal are who signed in.
 */
function checkOrigins({ histories, rows, rooms }: Evidence, log: Log, fail: Fail): void {
  const sends = new Map<string, string>();
  const users = new Map<string, Set<string>>();
  for (const history of histories) {
    for (const { room, clientMessageId, text } of entriesOf(history, "sent")) {
      sends.set(key(room, history.user, clientMessageId), text);
      const senders = users.get(key(room, clientMessageId)) ?? new Set();
      users.set(key(room, clientMessageId), senders.add(history.user));
    }
    for (const { room, clientMessageId, code, isDefinite } of entriesOf(history, "refused")) {
      const row = log.bySend.get(key(room, history.user, clientMessageId));
      if (!isDefinite || row === undefined) continue;
      fail("I-5", `${room}/${row.sequence} was refused as ${code} and is stored`);
    }
  }
  const isPrivate = new Set(rooms.flatMap(({ room, kind }) => (kind === "private" ? [room] : [])));
  const members = new Map<string, Set<string>>();
  for (const row of rows.toSorted((a, b) => a.sequence - b.sequence)) {
    const inRoom = members.get(row.room) ?? new Set<string>();
    members.set(row.room, inRoom);
    const where = `${row.room}/${row.sequence}`;
    if (row.type === "member.joined" || row.type === "member.left") {
      const { user } = JSON.parse(row.payload ?? "{}") as { readonly user?: string };
      if (user !== undefined && row.type === "member.joined") inRoom.add(user);
      else if (user !== undefined) inRoom.delete(user);
    }
    if (row.type !== "message.created") continue;
    const id = row.clientMessageId ?? "";
    const sent = sends.get(key(row.room, row.author, id));
    if (row.author !== row.principal) fail("I-18", `${where} of ${row.principal} as ${row.author}`);
    if (sent === undefined) {
      const others = users.get(key(row.room, id));
      if (others === undefined) fail("I-6", `${where} was sent by nobody`);
      else fail("I-18", `${where} was sent by ${[...others].join()} and is of ${row.author}`);
    } else if (row.payload !== undefined && textOf(row.payload) !== sent) {
      fail("I-6", `${where} has another text than was sent`);
    }
    if (isPrivate.has(row.room) && !inRoom.has(row.author)) {
      fail("I-6", `${where} is of ${row.author}, who was no member then`);
    }
  }
}

/** I-1, I-4: what was acknowledged is there, at that place, and always the same place. */
function checkAnswers(history: History, log: Log, fail: Fail): void {
  const places = new Map<string, number>();
  const texts = new Map<string, string>();
  for (const entry of history.entries) {
    if (entry.kind === "sent") texts.set(key(entry.room, entry.clientMessageId), entry.text);
    if (entry.kind !== "acked") continue;
    const { room, clientMessageId, sequence, id } = entry;
    const name = key(room, clientMessageId);
    const where = `${history.client}: ${room}/${sequence}`;
    const row = log.byPlace.get(key(room, sequence));
    if (row === undefined) fail("I-1", `${where} was acknowledged and is gone`);
    else if (row.author !== history.user) {
      fail("I-1", `${where} was acknowledged and is of ${row.author}`);
    } else if (row.id !== id || row.clientMessageId !== clientMessageId) {
      fail("I-1", `${where} was acknowledged and is another message`);
    } else if (row.payload !== undefined && textOf(row.payload) !== texts.get(name)) {
      fail("I-1", `${where} was acknowledged and has another text`);
    }
    const before = places.get(name);
    if (before !== undefined && before !== sequence) {
      fail("I-4", `${where}: ${clientMessageId} was acknowledged at ${before} too`);
    }
    places.set(name, sequence);
  }
}

/**
 * I-20: a mark that others see never falls on one line, is never above the head, and at rest is what is stored. On
 * another node's line a late one may come before those that this node has lost: there the highest counts.
 */
function checkMarks({ histories, marks }: Evidence, log: Log, fail: Fail): void {
  const stored = new Map(marks.map((mark) => [key(mark.room, mark.user), mark.readMark]));
  for (const history of histories) {
    const seen = new Map<string, number>();
    for (const entry of history.entries) {
      if (entry.kind === "offline") seen.clear();
      if (entry.kind !== "ephemeral") continue;
      const { room, type, user, readMark } = entry;
      if (type !== "read" || user === undefined || readMark === undefined) continue;
      const name = key(room, user);
      const what = `${history.client}: the mark of ${user} in ${room}`;
      const before = seen.get(name) ?? 0;
      if (readMark < before) fail("I-20", `${what} fell from ${before} to ${readMark}`);
      if (readMark > (log.heads.get(room) ?? 0)) fail("I-20", `${what} is above the head`);
      if (readMark > (stored.get(name) ?? 0)) fail("I-20", `${what} is not stored`);
      seen.set(name, readMark);
    }
  }
  for (const { room, user, readMark } of marks) {
    if (readMark > (log.heads.get(room) ?? 0)) {
      fail("I-20", `the stored mark of ${user} in ${room} is above the head`);
    }
  }
}

function count(evidence: Evidence): Counts {
  const all = evidence.histories.flatMap((history) => history.entries);
  const number = (isIt: (entry: Entry) => boolean): number => all.filter(isIt).length;
  const nodeChanges = evidence.histories.reduce((sum, history) => {
    const nodes = entriesOf(history, "online").map(({ node }) => node);
    return sum + nodes.filter((node, index) => index > 0 && nodes[index - 1] !== node).length;
  }, 0);
  return {
    clients: evidence.histories.length,
    sends: number((entry) => entry.kind === "sent" && entry.attempt === 1),
    acks: number((entry) => entry.kind === "acked"),
    resends: number((entry) => entry.kind === "sent" && entry.attempt > 1),
    deferrals: number((entry) => entry.kind === "deferred"),
    refusals: number((entry) => entry.kind === "refused"),
    deliveries: number((entry) => entry.kind === "delivered"),
    resumes: number((entry) => entry.kind === "subscribed" && entry.wanted !== undefined),
    nodeChanges,
    rows: evidence.rows.length,
    membershipChanges: evidence.changes.length,
    revocations: evidence.revocations.length,
    marks: number((entry) => entry.kind === "ephemeral" && entry.type === "read"),
    faults: evidence.faults.length,
  };
}

function lackingOf(counts: Counts, minimums: Minimums): string[] {
  return (["acks", "deliveries", "resumes", "faults"] as const).flatMap((name) =>
    counts[name] < minimums[name] ? [`${counts[name]} ${name} of ${minimums[name]}`] : [],
  );
}

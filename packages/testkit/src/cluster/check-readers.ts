/** Who may see what: membership, its end, and the end of an identity. */
import type { Entry, Evidence, History } from "./history.ts";
import { entriesOf, type Fail, key } from "./lookup.ts";

/** What must have reached every node and socket, whatever has failed. */
export const revocationMs = 2_000;

/** From which sequence to which somebody belonged to a room; the ending event itself included. */
interface Stay {
  readonly from: number;
  to: number;
}

/** I-14, I-16, I-17. */
export function checkReaders(evidence: Evidence, fail: Fail): void {
  const stays = staysOf(evidence);
  for (const history of evidence.histories) {
    checkMembership(history, evidence, stays, fail);
  }
  checkRevocations(evidence, fail);
  checkStrangers(evidence, fail);
}

/** By room and user, from the log itself. */
function staysOf({ rows, rooms }: Evidence): Map<string, Stay[]> {
  const isPrivate = new Set(rooms.flatMap(({ room, kind }) => (kind === "private" ? [room] : [])));
  const stays = new Map<string, Stay[]>();
  for (const row of rows.toSorted((a, b) => a.sequence - b.sequence)) {
    if (!isPrivate.has(row.room) || row.payload === undefined) continue;
    if (row.type !== "member.joined" && row.type !== "member.left") continue;
    const { user } = JSON.parse(row.payload) as { readonly user: string };
    const name = key(row.room, user);
    const known = stays.get(name) ?? [];
    const last = known.at(-1);
    const isMember = last !== undefined && last.to === Number.POSITIVE_INFINITY;
    if (row.type === "member.joined" && !isMember) {
      known.push({ from: row.sequence, to: Number.POSITIVE_INFINITY });
    } else if (row.type === "member.left" && isMember) last.to = row.sequence;
    stays.set(name, known);
  }
  return stays;
}

/**
 * I-16: private rooms are read by members only. I-14: nothing behind the event that ended a membership, and no frame
 * of the room at all when everybody must know of it.
 */
function checkMembership(
  history: History,
  { rooms, changes, latenessMs }: Evidence,
  stays: ReadonlyMap<string, readonly Stay[]>,
  fail: Fail,
): void {
  const { client, user, entries } = history;
  const isPrivate = new Set(rooms.flatMap(({ room, kind }) => (kind === "private" ? [room] : [])));
  const own = changes.filter((change) => change.user === user);
  for (const entry of entries) {
    if (!("room" in entry) || !isPrivate.has(entry.room)) continue;
    const { room, at } = entry;
    const known = stays.get(key(room, user)) ?? [];
    if (entry.kind === "delivered" || entry.kind === "paged") {
      const where = `${client}: ${room}/${entry.sequence}`;
      const mayBack = own.filter(
        (change) => change.isMember && change.room === room && change.askedAt <= at,
      ).length;
      const stay = known.find(({ from, to }) => from <= entry.sequence && entry.sequence <= to);
      // Who was let in again reads what was said meanwhile.
      const isBack = known.some(
        ({ from }, index) => from > entry.sequence && index < Math.max(mayBack, 1),
      );
      if (known.length === 0) fail("I-16", `${where} was shown to somebody who never belonged`);
      else if (stay === undefined && !isBack) fail("I-14", `${where} came after the end`);
    }
    if (!isFrameOf(entry)) continue;
    const ended = own.findLast((change) => change.room === room && change.askedAt <= at);
    if (ended === undefined || ended.isMember || ended.confirmedAt === undefined) continue;
    const lateMs = at - ended.confirmedAt;
    if (lateMs > revocationMs + latenessMs) {
      fail("I-14", `${client}: a frame of ${room} ${Math.round(lateMs)} ms after the end`);
    }
  }
}

/** Something of a room that was written to a client without its asking. */
function isFrameOf(entry: Entry): boolean {
  return entry.kind === "delivered" || entry.kind === "ephemeral" || entry.kind === "subscribed";
}

/** I-17: two seconds after its end an identity has no socket, hears nothing and is not believed. */
function checkRevocations({ histories, revocations, rows, latenessMs }: Evidence, fail: Fail) {
  const allowedMs = revocationMs + latenessMs;
  for (const { client, at: end } of revocations) {
    const history = histories.find((one) => one.client === client);
    if (history === undefined) continue;
    let onlineSince: number | undefined;
    const lines: { readonly from: number; readonly to: number }[] = [];
    for (const entry of history.entries) {
      if (entry.kind === "online") onlineSince = entry.at;
      if (entry.kind === "offline" && onlineSince !== undefined) {
        lines.push({ from: onlineSince, to: entry.at });
        onlineSince = undefined;
      }
      const hears = entry.kind === "delivered" || entry.kind === "acked";
      if (hears && entry.at > end + allowedMs) {
        fail("I-17", `${client}: ${entry.kind} ${Math.round(entry.at - end)} ms after its end`);
      }
    }
    if (onlineSince !== undefined) {
      lines.push({ from: onlineSince, to: Number.POSITIVE_INFINITY });
    }
    for (const { from, to } of lines) {
      if (to <= end + allowedMs || from > end + allowedMs) continue;
      fail("I-17", `${client}: a socket outlived its identity by ${Math.round(to - end)} ms`);
    }
    if (lines.some(({ from }) => from > end + allowedMs)) {
      fail("I-17", `${client}: let in again after its end`);
    }
    const late = new Set(
      entriesOf(history, "sent")
        .filter(({ at, attempt }) => attempt === 1 && at > end + allowedMs)
        .map(({ room, clientMessageId }) => key(room, clientMessageId)),
    );
    for (const { room, sequence, author, clientMessageId } of rows) {
      if (author === history.user && late.has(key(room, clientMessageId ?? ""))) {
        fail("I-17", `${room}/${sequence} of ${client} was taken after its end`);
      }
    }
  }
}

/** I-16: whoever may not read a room is told the same as if it did not exist. */
function checkStrangers({ histories, rooms }: Evidence, fail: Fail): void {
  const exists = new Set(rooms.map(({ room }) => room));
  const refusals = histories.flatMap((history) => entriesOf(history, "shut"));
  const absent = refusals.find(({ room }) => !exists.has(room));
  for (const { room, code, text } of refusals) {
    if (code !== "not_found") fail("I-16", `${room}: refused as ${code}`);
    else if (absent !== undefined && text !== "" && text !== absent.text) {
      fail("I-16", `${room}: refused as "${text}", an absent room as "${absent.text}"`);
    }
  }
}

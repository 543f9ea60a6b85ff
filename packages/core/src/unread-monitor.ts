/**
 * Compares, while the server runs, what people are told to be unread with what the log says: of one connected user and one of their
 * rooms at a time, so that it costs three reads each time whatever the install has. A difference is a bug (I-21), and is counted.
 */
import type { EventFrame, EventId, UserId } from "@parlance/protocol";
import type { Report } from "./gate.ts";
import type { Directory, JoinedRoom, RoomLog } from "./ports/index.ts";
import type { Registry } from "./registry.ts";
import type { Tally } from "./tally.ts";

/** Rooms of one user that are looked at, and events above the mark that are counted by hand. */
const maxRooms = 200;
const maxEvents = 200;
const maxBytes = 1_048_576;

interface MonitorContext {
  readonly directory: Pick<Directory, "roomsOf" | "roomOf">;
  readonly log: Pick<RoomLog, "read">;
  readonly registry: Registry;
  readonly tally: Tally;
  readonly report: Report;
}

export class UnreadMonitor {
  readonly #context: MonitorContext;
  /** Grows with each comparison, so that everybody and every room has a turn. */
  #turn = 0;

  constructor(context: MonitorContext) {
    this.#context = context;
  }

  /** Compares one. Does nothing where nobody is connected. @throws StorageError */
  async compare(): Promise<void> {
    const { registry, directory } = this.#context;
    const users = new Set<UserId>();
    for (const { identity } of registry) {
      if (identity !== undefined && identity.isAnonymous !== true) users.add(identity.user);
    }
    this.#turn += 1;
    const user = [...users][this.#turn % Math.max(1, users.size)];
    if (user === undefined) return;
    const rooms = await directory.roomsOf(user, maxRooms);
    const near = rooms.filter(({ head, unreadAfter, floor }) => {
      return head - unreadAfter <= maxEvents && unreadAfter >= floor;
    });
    const room = near[this.#turn % Math.max(1, near.length)];
    if (room !== undefined) await this.#compareRoom(user, room);
  }

  async #compareRoom(user: UserId, room: JoinedRoom): Promise<void> {
    const { directory, log, tally, report } = this.#context;
    const page = await log.read({
      room: room.room,
      after: room.unreadAfter,
      limit: maxEvents,
      maxBytes,
    });
    const again = await directory.roomOf(user, room.room);
    // Somebody wrote or read meanwhile, or it is too much to be counted: no statement about one state.
    const isSame = again?.head === room.head && again.unreadAfter === room.unreadAfter;
    if (page?.head !== room.head || !isSame || again.unread !== room.unread) return;
    if (page.events.length !== room.head - room.unreadAfter) return;
    const counted = countUnread(page.events.map(({ frame }) => frame));
    tally.unreadChecks += 1;
    if (counted === room.unread) return;
    tally.unreadMismatches += 1;
    const fields = { room_id: room.room, user_id: user, told: room.unread, counted };
    report("error", "unread_mismatch", fields);
  }
}

/** What counts as unread among events that go on to the head: a message of a thread does not, erased or not. */
export function countUnread(events: readonly EventFrame[]): number {
  const inThreads = new Set<EventId>();
  for (const event of events) {
    if (event.type !== "message.deleted" || "erased" in event) continue;
    if (event.data.thread !== undefined) inThreads.add(event.data.message_id);
  }
  return events.filter((event) => {
    if (event.type !== "message.created" || inThreads.has(event.id)) return false;
    return "erased" in event || event.data.thread === undefined;
  }).length;
}
